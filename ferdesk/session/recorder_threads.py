"""The two threads behind a `Recorder`: one writes numbers, the other pictures."""

from __future__ import annotations

import errno
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import FULL
from ferdesk.pipeline.types import FaceReading, ReadingSettings
from ferdesk.session.queue import BoundedQueue
from ferdesk.session.records import AnalysisRecord, EventRecord, FrameRecord, Origin
from ferdesk.session.store import Note
from ferdesk.session.video import VideoWriter
from ferdesk.session.writer import SessionWriter

log = logging.getLogger(__name__)

StoredReading = tuple[int, tuple[FaceReading, ...], float, ReadingSettings | None, float]
"""Frame, faces, latency in milliseconds, settings, operating point."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A note that was stored before is to go again."""

    note: Note


Stored = FrameRecord | StoredReading | Note | Removed

LEAST_FREE: Final = 200 * 2**20
"""Bytes that stay free: a disk filled to the brim harms other programs, too."""
_CHECK_SECONDS: Final = 1.0
_TURN_SECONDS: Final = 0.05
"""How long a picture waits for the cores to be free."""
_DRAWING_SECONDS: Final = 0.005
"""After a reading the window draws it: that belongs to the latency, too."""
_BEHIND: Final = 3
"""Pictures that wait: from then on the encoder waits for nothing."""
_BATCH_SECONDS: Final = 0.1
"""Rows are written in one go: to wake for each would cost every reading a change of threads."""
_CLOCK_TOLERANCE: Final = 2.0
_UNKNOWN: Final = ReadingSettings("", "", "", 0.0, 0)


class VideoThread:
    """Encodes pictures until it is closed; a failure ends the video, a full disk everything.

    A picture is encoded after it was read and drawn. Beside landmarker and network the encoder
    would take from the cores what the reading on the screen is waiting for.
    """

    def __init__(
        self, path: Path, failed: Callable[[str], None], disk_failed: Callable[[str], None]
    ) -> None:
        self.queue: BoundedQueue[tuple[NDArray[np.uint8], int]] = BoundedQueue(60)
        self.running = True
        self._path = path
        self._failed = failed
        self._disk_failed = disk_failed
        self._closing = threading.Event()
        self._free = threading.Event()
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)
        self._thread.start()

    def reading_begins(self) -> None:
        """A frame was captured, which is read now."""
        self._free.clear()

    def reading_ended(self) -> None:
        """The cores are free until the next frame."""
        self._free.set()

    def close(self) -> None:
        """End when everything that waits is encoded; returns at once."""
        self._closing.set()
        self._free.set()
        self.queue.wake()

    def join(self, timeout: float) -> bool:
        """True when the file is closed within `timeout` seconds."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        writer: VideoWriter | None = None
        try:
            while True:
                item = self.queue.take_one(0.25)
                if item is not None:
                    self._wait_for_turn()
                    image, time_ms = item
                    if writer is None:
                        writer = VideoWriter(self._path, image.shape[1], image.shape[0])
                    writer.add(image, time_ms)
                elif self._closing.is_set():
                    break
            if writer is not None:
                writer.close()
        except (OSError, FerdeskError) as error:
            self._stop_at(error)
        except Exception as error:
            log.exception("the video cannot go on")
            self._stop_at(error)

    def _wait_for_turn(self) -> None:
        if len(self.queue) < _BEHIND and self._free.wait(_TURN_SECONDS):
            self._closing.wait(_DRAWING_SECONDS)

    def _stop_at(self, error: Exception) -> None:
        self.running = False
        full = isinstance(error, OSError) and error.errno in (*FULL, errno.EIO)
        if full or not self._path.parent.is_dir():
            self._disk_failed(
                f"The recording ended: {_disk_reason(error, self._path.parent)}; what was recorded "
                "until then is kept."
            )
            return
        self._failed(
            f"The video of the recording ended ({error}); the numbers go on being recorded."
        )


class StoreThread:
    """Writes rows, commits once a second, watches the disk and the clock."""

    def __init__(
        self,
        writer: SessionWriter,
        rows: BoundedQueue[Stored],
        video: VideoThread | None,
        failed: Callable[[str], None],
        facts: Callable[[], dict[str, int | str]],
        free_bytes: Callable[[Path], int],
    ) -> None:
        """`failed` hears one sentence when the recording has to end; `facts` are stored last."""
        self.bytes_free = 0
        self._writer = writer
        self._rows = rows
        self._video = video
        self._failed = failed
        self._facts = facts
        self._free_bytes = free_bytes
        self._analysis: AnalysisRecord | None = None
        self._now = 0.0
        self._clock = _WallClock()
        self._checked = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End when everything that waits is written; returns at once."""
        self._closing.set()
        self._rows.wake()

    def join(self, timeout: float) -> bool:
        """True when the session is closed within `timeout` seconds."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while True:
                closing = self._closing.wait(_BATCH_SECONDS)
                items = self._rows.take(0.25)
                for item in items:
                    self._write(item)
                self._writer.commit_if_due()
                self._watch()
                if closing and not items:
                    break
            if self._video is not None:
                self._video.join(60)
            self._writer.finish(**self._facts(), wall_clock_jump=self._clock.jumped)
        except (sqlite3.Error, OSError, FerdeskError) as error:
            self._give_up(error)
        except Exception as error:
            log.exception("the recording cannot go on")
            self._give_up(error)

    def _write(self, item: Stored) -> None:
        if isinstance(item, FrameRecord):
            self._now = item.time
            self._writer.add_frame(item)
        elif isinstance(item, tuple):
            frame, faces, latency, settings, threshold = item
            self._use(settings or _UNKNOWN, threshold)
            self._writer.add_reading(frame, faces, latency)
        elif isinstance(item, Removed):
            self._writer.store.remove(item.note)
        else:
            self._writer.store.put(item)

    def _use(self, settings: ReadingSettings, threshold: float) -> None:
        wanted = AnalysisRecord(
            pass_number=0, checkpoint=settings.checkpoint, device=settings.device,
            smoothing_seconds=settings.smoothing_seconds, max_faces=settings.max_faces,
            threshold=threshold, checkpoint_sha256=settings.checkpoint_sha256, started=self._now,
        )  # fmt: skip
        current = self._analysis
        if current is not None:
            if replace(wanted, started=current.started) == current:
                return
            moved = replace(wanted, threshold=current.threshold, started=current.started)
            # A slider that is dragged gives dozens of operating points: one a second is enough.
            if moved == current and self._now - current.started < _CHECK_SECONDS:
                return
            self._note(
                "settings",
                f"Now {wanted.checkpoint} on {wanted.device}, up to {wanted.max_faces} faces, "
                f"smoothing {wanted.smoothing_seconds:g} s, limit {wanted.threshold:.2f}.",
            )
        self._analysis = wanted
        self._writer.use(wanted)

    def _watch(self) -> None:
        now = time.monotonic()
        if now - self._checked < _CHECK_SECONDS:
            return
        self._checked = now
        folder = self._writer.folder
        if not self._writer.store.path.is_file():
            self._failed(
                f"The recording ended: its folder '{folder}' is gone; connect the drive again, or "
                "choose another folder."
            )
            return
        self.bytes_free = self._free_bytes(folder)
        if self.bytes_free < LEAST_FREE and not self._closing.is_set():
            self._failed(
                f"The recording ended: less than {LEAST_FREE // 2**20} MB are free on the disk of "
                f"'{folder}'; what was recorded until now is kept."
            )
        jump = self._clock.jump()
        if jump:
            self._note(
                "clock", f"The computer slept or its clock was set: by {jump:+.0f} s of local time."
            )

    def _note(self, label: str, text: str) -> None:
        self._writer.store.put(EventRecord(self._now, label, 0.0, text, Origin.FERDESK))

    def _give_up(self, error: Exception) -> None:
        folder = self._writer.folder
        self._failed(
            f"The recording ended: {_disk_reason(error, folder)}; what was recorded until then is "
            "kept."
        )
        try:
            self._writer.abandon()
        except (FerdeskError, sqlite3.Error, OSError) as second:
            log.warning("%s", second)


class _WallClock:
    """Local time against the clock that only goes on."""

    def __init__(self) -> None:
        self._offset = time.time() - time.perf_counter()
        self.jumped = 0.0
        """Seconds in all."""

    def jump(self) -> float:
        """By how many seconds local time has moved since the last call; 0 within tolerance."""
        offset = time.time() - time.perf_counter()
        jump = offset - self._offset
        if abs(jump) < _CLOCK_TOLERANCE:
            return 0.0
        self._offset = offset
        self.jumped = round(self.jumped + jump, 3)
        return jump


def _disk_reason(error: Exception, folder: Path) -> str:
    text = str(error)
    if "full" in text or (isinstance(error, OSError) and error.errno in FULL):
        return f"the disk of '{folder}' is full"
    if not folder.is_dir():
        return f"its folder '{folder}' is gone"
    return f"'{folder}' cannot be written ({text})"
