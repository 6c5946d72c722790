"""Records what goes through the engine; never makes it wait."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ferdesk.pipeline.baseline import Taken
from ferdesk.pipeline.types import EngineEvent, EventKind, Reading
from ferdesk.session.baselines import record_of
from ferdesk.session.folder import VIDEO
from ferdesk.session.queue import BoundedQueue
from ferdesk.session.recorder_threads import Removed, Stored, StoreThread, VideoThread
from ferdesk.session.records import (
    BaselineRecord,
    CorrectionRecord,
    EventRecord,
    FrameRecord,
    Origin,
)
from ferdesk.session.store import Note
from ferdesk.session.writer import SessionInfo, SessionWriter
from ferdesk.sources.base import Frame

log = logging.getLogger(__name__)

_STORE_ITEMS: Final = 512
"""Rows that may wait for the disk: some eight seconds of frames and readings."""
_VIDEO_BYTES: Final = 64 * 2**20
"""Pictures that may wait for the encoder: two seconds of 640×480 at 30 fps."""
_REMEMBERED: Final = 256
"""Captured frames whose reading may still come."""
_NOTED: Final = {
    EventKind.SOURCE_OPENED, EventKind.SOURCE_ENDED, EventKind.CHECKPOINT_LOADED,
    EventKind.WARNING, EventKind.ERROR,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """Figures of a recording, taken at one instant."""

    seconds: float
    """Since the first frame."""
    frames: int
    readings: int
    frames_dropped: int
    readings_dropped: int
    video_dropped: int
    """Pictures that the encoder had no time for."""
    bytes_written: int
    bytes_free: int
    ended: str
    """Why the recording ended by itself, in one sentence; "" while it goes on."""


class Recorder:
    """A `Sink` for the engine. Every method returns at once but `join`.

    The numbers go to one thread, the pictures to another, each behind a bounded queue: a disk or an
    encoder that cannot keep up costs frames of the recording, counted, and never a reading on the
    screen. A full disk or a removed drive ends the recording with one sentence.
    """

    def __init__(
        self,
        folder: Path,
        info: SessionInfo,
        *,
        video: bool = False,
        told: Callable[[str], None] = log.warning,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """Begin a session in an existing, empty `folder`. SessionError when it is refused.

        `told` hears, on a thread of the recorder, why the recording or its video ended by itself.
        """
        self.folder = folder
        self._tell_person = told
        self._threshold = 0.0
        self._lock = threading.Lock()
        self._start: float | None = None
        self._last = 0.0
        self._last_ms = -1
        self._next = 0
        self._skipped = 0
        self._size = (0, 0)
        self._ids: dict[tuple[int, float], int] = {}
        self._taken: dict[tuple[int, float], Taken] = {}
        self._baselines: dict[tuple[int, float], BaselineRecord] = {}
        self._baseline_id = 0
        self._readings = self._frames_dropped = self._readings_dropped = self._video_dropped = 0
        self._ended = ""
        self._stopping = False
        writer = SessionWriter(folder, replace(info, video=VIDEO if video else ""))
        self._rows: BoundedQueue[Stored] = BoundedQueue(_STORE_ITEMS)
        self._video = VideoThread(folder / VIDEO, self._video_failed, self._end) if video else None
        self._store = StoreThread(
            writer, self._rows, self._video, self._end, self._counts, free_bytes
        )

    # What the engine tells

    def frame(self, frame: Frame) -> None:
        """A captured frame."""
        height, width = frame.image.shape[:2]
        with self._lock:
            if self._stopping:
                return
            time_ = self._time_of(frame.captured_at)
            if (width, height) != self._size and self._size != (0, 0):
                before = "x".join(map(str, self._size))
                self._note(time_, "resolution", f"Pictures are {width}x{height} after {before}.")
            self._size = (width, height)
            record = FrameRecord(
                self._next, time_, frame.index, frame.media_time, width, height, self._skipped,
                self._give_picture(frame, time_),
            )  # fmt: skip
            if not self._rows.put(record):
                self._skipped += 1
                self._frames_dropped += 1
                return
            self._ids[frame.index, frame.captured_at] = self._next
            if len(self._ids) > _REMEMBERED:
                del self._ids[next(iter(self._ids))]
            self._next, self._skipped = self._next + 1, 0

    def reading(self, reading: Reading) -> None:
        """A finished reading; one of a frame from before the recording is not kept."""
        if self._video is not None:
            self._video.reading_ended()
        frame = reading.frame
        with self._lock:
            number = self._ids.pop((frame.index, frame.captured_at), None)
            if number is None or self._stopping:
                return
            latency = (reading.finished_at - frame.captured_at) * 1e3
            item = (number, reading.faces, latency, reading.settings, self._threshold)
            if self._rows.put(item):
                self._readings += 1
            else:
                self._readings_dropped += 1

    def event(self, event: EngineEvent) -> None:
        """Noted as an event of origin "ferdesk" when it concerns the recording."""
        with self._lock:
            if event.kind in _NOTED and self._start is not None and not self._stopping:
                self._note(self._now(), event.kind.value, event.message)

    # What people mark

    def mark(
        self,
        label: str,
        *,
        duration: float = 0.0,
        note: str = "",
        origin: Origin = Origin.KEY,
        at: float | None = None,
    ) -> EventRecord | None:
        """An event now, or when `time.perf_counter()` was `at`; None before the first frame."""
        with self._lock:
            if self._start is None or self._stopping:
                return None
            event = EventRecord(self._since_start(at), label, duration, note, origin)
            self._rows.put(event, always=True)
            return event

    def correct(
        self, label: str, *, face: int | None = None, duration: float = 0.0, at: float | None = None
    ) -> CorrectionRecord | None:
        """What a person says about a face from `at` on; None before the first frame."""
        with self._lock:
            if self._start is None or self._stopping:
                return None
            correction = CorrectionRecord(self._since_start(at), duration, label, face)
            self._rows.put(correction, always=True)
            return correction

    def set_baselines(self, taken: Iterable[Taken]) -> None:
        """These neutral baselines hold; those that were stored and are not among them go again.

        They may have been taken before the recording began.
        """
        with self._lock:
            self._taken = {(one.face, one.since): one for one in taken}
            self._store_baselines()

    def set_threshold(self, threshold: float) -> None:
        """The operating point from now on."""
        self._threshold = threshold

    # The recording as a whole

    @property
    def started_at(self) -> float | None:
        """`time.perf_counter()` of second 0 of the session; None before the first frame."""
        return self._start

    @property
    def running(self) -> bool:
        """False once it was stopped or ended by itself."""
        return not self._stopping

    def status(self) -> RecorderStatus:
        """Figures for the toolbar."""
        written = _size_of(self.folder)  # outside the lock: a bad disk may take its time
        with self._lock:
            return RecorderStatus(
                seconds=self._last, frames=self._next, readings=self._readings,
                frames_dropped=self._frames_dropped, readings_dropped=self._readings_dropped,
                video_dropped=self._video_dropped, bytes_written=written,
                bytes_free=self._store.bytes_free, ended=self._ended,
            )  # fmt: skip

    def stop(self) -> None:
        """End the recording; what waits is still written. Returns at once, `join` waits."""
        with self._lock:
            self._stopping = True
        if self._video is not None:
            self._video.close()
        self._store.close()

    def join(self, timeout: float) -> bool:
        """True when everything is written and closed within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        if self._video is not None and not self._video.join(timeout):
            return False
        return self._store.join(max(0.0, deadline - time.monotonic()))

    def _time_of(self, captured_at: float) -> float:
        if self._start is None:
            self._start = captured_at
            self._store_baselines()
        time_ = captured_at - self._start
        if time_ < self._last:
            if self._last - time_ > 1.0:
                back = f"The capture clock went back by {self._last - time_:.1f} s."
                self._note(self._last, "clock", back)
            # Time goes on from here, so that nothing is recorded in the past.
            self._start = captured_at - self._last
            time_ = self._last
        self._last = time_
        return time_

    def _give_picture(self, frame: Frame, time_: float) -> int | None:
        if self._video is None or not self._video.running:
            return None
        self._video.reading_begins()
        milliseconds = max(round(time_ * 1000), self._last_ms + 1)
        self._video.queue.limit = max(4, _VIDEO_BYTES // frame.image.nbytes)
        if not self._video.queue.put((frame.image, milliseconds)):
            self._video_dropped += 1
            return None
        self._last_ms = milliseconds
        return milliseconds

    def _store_baselines(self) -> None:
        if self._start is None or self._stopping:
            return
        for key in [key for key in self._baselines if key not in self._taken]:
            self._rows.put(Removed(self._baselines.pop(key)), always=True)
        for key, one in self._taken.items():
            if key not in self._baselines:
                self._baseline_id += 1
                onset, duration = one.since - self._start, one.until - one.since
                record = record_of(onset, duration, one.face, one.baseline)
                self._baselines[key] = replace(record, id=self._baseline_id)
                self._rows.put(self._baselines[key], always=True)

    def _now(self) -> float:
        return self._since_start(None)

    def _since_start(self, at: float | None) -> float:
        moment = time.perf_counter() if at is None else at
        return max(0.0, moment - (self._start or moment))

    def _note(self, onset: float, label: str, text: str) -> None:
        event: Note = EventRecord(onset, label, 0.0, text, Origin.FERDESK)
        self._rows.put(event, always=True)

    def _counts(self) -> dict[str, int | str]:
        with self._lock:
            return {
                "frames_dropped": self._frames_dropped, "video_dropped": self._video_dropped,
                "readings_dropped": self._readings_dropped, "ended_because": self._ended,
            }  # fmt: skip

    def _video_failed(self, sentence: str) -> None:
        with self._lock:
            if self._start is not None:
                self._note(self._last, "video", sentence)
        self._tell_person(sentence)

    def _end(self, sentence: str) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = sentence
        log.warning("%s", sentence)
        self.stop()
        self._tell_person(sentence)


def _size_of(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:
        return 0
