"""The capture thread of one source: open, pace, read, reconnect, close."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ferdesk.addresses import hide_passwords
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.mailbox import Mailbox
from ferdesk.sources.base import (
    Frame,
    Source,
    SourceBusyError,
    SourceInfo,
    SourceLostError,
    SteppableSource,
)

log = logging.getLogger(__name__)

RECONNECT_AFTER = (0.5, 1.0, 2.0)
"""Seconds between attempts to open a lost or busy source; the last one repeats."""


PICTURE_SECONDS = 1.0
"""How long each picture of several is shown when nobody steps through them."""
_AGAIN_SECONDS = 0.2
"""A picture is delivered so often, so that a change of settings or checkpoint shows on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A frame on its way to the analysis."""

    frame: Frame
    capture_ms: float
    interval: float | None = None
    """Seconds until the next one comes; None where the source waits for nobody or does not say."""


@dataclass(frozen=True, slots=True)
class CaptureCallbacks:
    """What a capture tells the engine, on the capture thread."""

    opened: Callable[[CaptureThread, SourceInfo], None]
    failed: Callable[[CaptureThread, str, str], None]
    """Sentence and detail: the source never opened, or broke for good."""
    busy: Callable[[CaptureThread, str], None]
    """Another program has the source; opening it is being tried until it is free."""
    lost: Callable[[CaptureThread, str], None]
    """A live source is gone; opening it again is being tried."""
    regained: Callable[[CaptureThread, SourceInfo], None]
    ended: Callable[[CaptureThread, str], None]
    """A file was played to its end; the sentence is a warning or empty."""
    captured: Callable[[Frame], None]
    """A frame, before anybody else has it; has to return at once."""


class CaptureThread:
    """Owns one source on one thread and puts its frames into a mailbox."""

    def __init__(
        self,
        source: Source,
        frames: Mailbox[Captured],
        callbacks: CaptureCallbacks,
        network: threading.Event,
    ) -> None:
        """Files wait with their first frame until `network` is set: nothing plays unread."""
        self.source = source
        self.description = source.description
        self.info: SourceInfo | None = None
        self.captured = 0
        self.preview: Mailbox[Frame] = Mailbox()
        self._frames = frames
        self._tell = callbacks
        self._network = network
        self._stop = threading.Event()
        self._handing_over = threading.Lock()
        self._asked = threading.Event()
        self._steps: list[int] = []
        self._staying = False
        self._running = threading.Event()
        self._running.set()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin; `opened` or `failed` follows."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once. No frame of it is handed over any more."""
        with self._handing_over:
            self._stop.set()
        self._running.set()
        self._asked.set()

    def pause(self, paused: bool) -> None:
        """Hold a file where it is; a live source goes on and its frames are thrown away."""
        if paused:
            self._running.clear()
        else:
            self._running.set()

    def step(self, by: int) -> None:
        """Among several files go `by` further, back when negative, and stay at a picture from now
        on instead of going on by itself; 0 stays where it is. Other sources take no notice.
        """
        self._steps.append(by)
        self._asked.set()

    def join(self, timeout: float) -> bool:
        """True when the thread has ended within `timeout` seconds."""
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            info = self._open_when_free()
            if info is not None and not self._stop.is_set():
                self.info = info
                self._tell.opened(self, info)
                self._read_all(info)
        except FerdeskError as error:
            self._tell.failed(self, str(error), "")
        except Exception as error:
            log.exception("capture of %s failed", self.description)
            said = hide_passwords(str(error))
            sentence = f"Reading '{self.description}' failed unexpectedly ({said})."
            self._tell.failed(self, sentence, hide_passwords(repr(error)))
        finally:
            self.source.close()

    def _open_when_free(self) -> SourceInfo | None:
        """Open the source, waiting while another program has it; None when told to stop."""
        attempt = 0
        while True:
            try:
                return self.source.open()
            except SourceBusyError as error:
                if attempt == 0:
                    self._tell.busy(self, str(error))
            self.source.close()
            if self._stop.wait(_pause_after(attempt)):
                return None
            attempt += 1

    def _read_all(self, info: SourceInfo) -> None:
        clock = _Clock()
        last: Frame | None = None
        while not self._stop.is_set():
            if not info.live and not self._running.is_set():
                self._running.wait()
                clock = _Clock()
                continue
            self._take_steps()
            start = time.perf_counter()
            try:
                frame = self.source.read()
            except SourceLostError as error:
                if not self._reconnect(str(error)):
                    return
                continue
            took = (time.perf_counter() - start) * 1e3
            if frame is None:
                if last is None or not last.still:
                    self._tell.ended(self, self.source.warning)
                    return
                self._show(last, took, math.inf)
                continue
            if last is None and not info.live:
                self._wait_for_network(frame, took)
            if last is None or frame.file != last.file:
                clock = _Clock()
            last = frame
            if frame.still:
                self._show(frame, took, PICTURE_SECONDS)
            elif not info.live and not clock.wait_for(frame.media_time, self._stop):
                return
            else:
                self._put(frame, took)

    def _wait_for_network(self, frame: Frame, took: float) -> None:
        """Show the first frame of a file; it is delivered again when it can be read."""
        if self._network.is_set():
            return
        self._put(frame, took)
        while not self._network.wait(_AGAIN_SECONDS) and not self._stop.is_set():
            # The window forgets what it shows when it hears that the source was opened.
            self.preview.put(frame)

    def _take_steps(self) -> None:
        self._asked.clear()
        while self._steps:
            self._staying = True
            by = self._steps.pop(0)
            if by and isinstance(self.source, SteppableSource):
                self.source.step(by)

    def _show(self, picture: Frame, took: float, seconds: float) -> None:
        """Deliver a picture again and again until its time is over or something is asked for."""
        end = time.perf_counter() + seconds
        while not self._asked.is_set() and (self._staying or time.perf_counter() < end):
            self._put(picture, took)
            self._asked.wait(_AGAIN_SECONDS)

    def _put(self, frame: Frame, took: float) -> None:
        self.captured += 1
        if self._stop.is_set() or not self._running.is_set():
            return
        # A file's frame is "captured" when it is due, not when it was decoded ahead of time.
        now = time.perf_counter()
        interval = None
        if self.info is not None and not self.info.live:
            frame = replace(frame, captured_at=now)
        elif self.info is not None and self.info.fps:
            interval = 1 / self.info.fps
        self._tell.captured(frame)
        with self._handing_over:
            if not self._stop.is_set():
                self.preview.put(frame)
                self._frames.put(Captured(frame, took, interval))

    def _reconnect(self, message: str) -> bool:
        self._tell.lost(self, message)
        attempt = 0
        while True:
            self.source.close()
            if self._stop.wait(_pause_after(attempt)):
                return False
            attempt += 1
            try:
                self.info = self.source.open()
            except FerdeskError as error:
                log.info("not back yet: %s", error)
                continue
            self._tell.regained(self, self.info)
            return True


def _pause_after(attempt: int) -> float:
    return RECONNECT_AFTER[min(attempt, len(RECONNECT_AFTER) - 1)]


class _Clock:
    """Plays media time against the wall clock, from the first frame it sees."""

    def __init__(self) -> None:
        self._start: float | None = None

    def wait_for(self, media_time: float, stop: threading.Event) -> bool:
        """Sleep until the frame is due; False when told to stop meanwhile."""
        now = time.perf_counter()
        if self._start is None:
            self._start = now - media_time
        late = now - (self._start + media_time)
        if late > 0.5:
            # The machine slept or decoding is too slow: do not hurry to catch up.
            self._start = now - media_time
        return late >= 0 or not stop.wait(-late)
