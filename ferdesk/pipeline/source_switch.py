"""Which source is in use: a new one takes over when it gives frames, not before."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ferdesk.pipeline.announcer import Announcer
from ferdesk.pipeline.capture_thread import CaptureCallbacks, Captured, CaptureThread
from ferdesk.pipeline.mailbox import Mailbox
from ferdesk.pipeline.rates import Rates
from ferdesk.pipeline.types import EngineState, EventKind
from ferdesk.sources.base import Frame, Source, SourceInfo
from ferdesk.sources.spec import SourceKind, SourceSpec


class SourceSwitch:
    """The capture in use, the one that is to replace it, and those that are ending.

    Public methods expect the engine's lock to be held; what the capture threads report takes it.
    """

    def __init__(
        self,
        lock: threading.RLock,
        announcer: Announcer,
        frames: Mailbox[Captured],
        new_scene: Callable[[], None],
        rates: Rates,
        ready: Callable[[], None],
        captured: Callable[[Frame], None],
        network: threading.Event,
    ) -> None:
        """`ready` is called when a source gives frames, for the first time or again; `captured`
        with every frame, on the capture thread. Files wait for `network`."""
        self.current: CaptureThread | None = None
        """Whose frames are analysed."""
        self._coming: CaptureThread | None = None
        self._ending: list[CaptureThread] = []
        self._kind: SourceKind | None = None
        self._paused = False
        self._lock = lock
        self._announcer = announcer
        self._frames = frames
        self._new_scene = new_scene
        self._rates = rates
        self._ready = ready
        self._network = network
        self._callbacks = CaptureCallbacks(
            opened=self._opened, failed=self._failed, busy=self._busy,
            lost=self._lost, regained=self._regained, ended=self._ended,
            captured=captured,
        )  # fmt: skip

    def start(self, source: Source, spec: SourceSpec) -> None:
        """Open `source`; the one in use goes on until the new one gives frames."""
        if self._coming is not None:
            self._end(self._coming)
        # A camera can be opened only once, so the one in use has to go first.
        if spec.kind is self._kind is SourceKind.CAMERA:
            self.end_current()
        capture = CaptureThread(source, self._frames, self._callbacks, self._network)
        self._coming, self._kind = capture, spec.kind
        if self.current is None:
            self._announcer.enter(EngineState.STARTING, f"Opening {capture.description} …")
        capture.start()

    def stop(self) -> None:
        """Close what is open or opening."""
        active = [c for c in (self.current, self._coming) if c is not None]
        if active:
            self._announcer.enter(EngineState.STOPPING, "Closing the source …")
        for capture in active:
            self._end(capture)
        self.current = self._coming = None
        self._frames.clear()

    def end_current(self) -> None:
        """Close the source in use, if there is one."""
        if self.current is not None:
            self._end(self.current)
            self.current = None

    def pause(self, paused: bool) -> None:
        """Files hold their place."""
        self._paused = paused
        if self.current is not None:
            self.current.pause(paused)

    def step(self, by: int) -> None:
        """See `CaptureThread.step`."""
        capture = self.current or self._coming
        if capture is not None:
            capture.step(by)

    def join(self, left: Callable[[], float]) -> bool:
        """True when every capture thread has ended; `left` says how many seconds remain."""
        ended = [capture.join(left()) for capture in self._ending]
        return all(ended)

    def _end(self, capture: CaptureThread) -> None:
        capture.stop()
        self._ending = [c for c in self._ending if not c.join(0)]
        self._ending.append(capture)

    # What the capture threads report

    def _opened(self, capture: CaptureThread, info: SourceInfo) -> None:
        with self._lock:
            if capture is not self._coming:
                return
            self.end_current()
            self.current, self._coming = capture, None
            self._frames.clear()
            self._new_scene()
            self._rates.reset()
            capture.pause(self._paused)
            if self._announcer.state is not EngineState.STARTING:
                self._announcer.enter(EngineState.STARTING, f"Starting {info.name} …")
            self._announcer.tell(EventKind.SOURCE_OPENED, f"{info.in_words}.")
            self._ready()

    def _failed(self, capture: CaptureThread, message: str, detail: str) -> None:
        with self._lock:
            if capture is self._coming:
                self._coming = None
                if self.current is not None:
                    self._announcer.tell(EventKind.WARNING, message, detail)
                else:
                    self._announcer.fault(message, detail)
            elif capture is self.current:
                self.current = None
                self._announcer.fault(message, detail)

    def _busy(self, capture: CaptureThread, message: str) -> None:
        with self._lock:
            if capture is self._coming:
                if self.current is None:
                    self._wait_for(capture)
                self._announcer.tell(EventKind.WARNING, message)

    def _lost(self, capture: CaptureThread, message: str) -> None:
        with self._lock:
            if capture is self.current:
                self._wait_for(capture)
                self._announcer.tell(EventKind.WARNING, message)

    def _wait_for(self, capture: CaptureThread) -> None:
        self._announcer.enter(EngineState.STARTING, f"Waiting for {capture.description} …")

    def _regained(self, capture: CaptureThread, info: SourceInfo) -> None:
        with self._lock:
            if capture is self.current:
                self._new_scene()
                message = f"{info.name} is back, {info.detail}."
                self._announcer.tell(EventKind.SOURCE_OPENED, message)
                self._ready()

    def _ended(self, capture: CaptureThread, warning: str) -> None:
        with self._lock:
            if capture is not self.current:
                return
            if warning:
                self._announcer.tell(EventKind.WARNING, warning)
            message = f"{capture.description} was played to its end."
            self._announcer.tell(EventKind.SOURCE_ENDED, message)
            self.end_current()
            self._announcer.enter(EngineState.STOPPED, "Stopped.")
