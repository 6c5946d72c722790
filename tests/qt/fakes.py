"""An engine without threads, cameras or networks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from ferdesk.model.checkpoint import Card
from ferdesk.model.predictor import Predictor
from ferdesk.pipeline.baseline import Baseline
from ferdesk.pipeline.engine import EngineOptions
from ferdesk.pipeline.types import (
    EngineEvent,
    EngineState,
    EngineStats,
    EventKind,
    Reading,
    Sink,
)
from ferdesk.sources.base import Frame
from ferdesk.sources.spec import SourceSpec


class FakeEngine:
    """Same methods as `ferdesk.pipeline.engine.Engine`; hands out what it is fed.

    With `script`, it makes a reading whenever 33 ms have passed, as a camera would.
    """

    def __init__(
        self,
        options: EngineOptions | None = None,
        listener: Callable[[EngineEvent], None] = lambda _event: None,
        script: Callable[[int, float], Reading] | None = None,
    ) -> None:
        self.options = options or EngineOptions()
        self.listener = listener
        self.script = script
        self.state = EngineState.STOPPED
        self.paused = False
        self.started: list[tuple[SourceSpec, Path | None]] = []
        self.loaded: list[Path] = []
        self.resets = 0
        self.sinks: list[Sink] = []
        self.baselines: dict[int, Baseline] = {}
        self.files: tuple[Path, ...] = ()
        self.steps: list[int] = []
        self.closed_with: float | None = None
        self.hang = 0.0
        """Seconds that `close` would like to take."""
        self.predictor: Predictor | None = None
        self.checkpoint = "live-1"
        self.card: Card | None = None
        self.device = "OpenVINO CPU"
        self.source = "Integrated Camera, 640x480, 30 fps, MJPG, V4L2"
        self.dropped = 0
        self._queue: deque[Reading] = deque(maxlen=1)
        self._previews: deque[Frame] = deque(maxlen=1)
        self._index = 0
        self._last = 0.0
        self._times: deque[float] = deque(maxlen=120)

    def feed(self, reading: Reading) -> None:
        """The next `take_reading` returns this."""
        self._queue.append(reading)

    def feed_preview(self, frame: Frame) -> None:
        """The next `take_preview` returns this."""
        self._previews.append(frame)

    def tell(self, kind: EventKind, message: str, state: EngineState | None = None) -> None:
        """As the engine's threads do."""
        if state is not None:
            self.state = state
        self.listener(EngineEvent(kind, message, self.state))

    def start(self, spec: SourceSpec, checkpoint: Path | None = None) -> None:
        self.started.append((spec, checkpoint))
        self.tell(EventKind.STATE, "Opening camera …", EngineState.STARTING)
        self.tell(EventKind.SOURCE_OPENED, self.source)
        self.tell(EventKind.STATE, "Running.", EngineState.RUNNING)

    def stop(self) -> None:
        self.tell(EventKind.STATE, "Stopped.", EngineState.STOPPED)

    def load_checkpoint(self, path: Path) -> None:
        self.loaded.append(path)
        self.checkpoint = path.stem
        self.tell(EventKind.CHECKPOINT_LOADED, f"Using {path.stem} on {self.device}.")

    def set_options(self, options: EngineOptions) -> None:
        self.options = options

    def pause(self, paused: bool) -> None:
        self.paused = paused

    def step(self, by: int) -> None:
        self.steps.append(by)

    def set_baselines(self, baselines: Mapping[int, Baseline]) -> None:
        self.baselines = dict(baselines)

    def attach(self, sink: Sink) -> None:
        self.sinks.append(sink)

    def detach(self, sink: Sink) -> None:
        self.sinks.remove(sink)

    def hand_on(self, reading: Reading) -> None:
        for sink in self.sinks:
            sink.frame(reading.frame)
            sink.reading(reading)

    def reset(self) -> None:
        self.resets += 1

    def take_reading(self) -> Reading | None:
        now = time.perf_counter()
        running = self.state is EngineState.RUNNING and not self.paused
        if self.script is not None and running and now - self._last >= 0.033:
            self._last = now
            self._queue.append(self.script(self._index, now - 0.045))
            self._index += 1
        if not self._queue:
            return None
        self._times.append(now)
        return self._queue.popleft()

    def take_preview(self) -> Frame | None:
        return self._previews.popleft() if self._previews else None

    def stats(self) -> EngineStats:
        now = time.perf_counter()
        rate = sum(now - at <= 2.0 for at in self._times) / 2.0
        running = self.state is EngineState.RUNNING
        return EngineStats(
            state=self.state,
            readings_per_second=rate,
            capture_per_second=30.0 if running else 0.0,
            latency_ms=41.0,
            dropped=self.dropped,
            analysed=self._index,
            source=self.source if self.state is not EngineState.STOPPED else "",
            device=self.device,
            checkpoint=self.checkpoint,
        )

    def close(self, timeout: float = 2.0) -> bool:
        self.closed_with = timeout
        self.script = None
        if not self.hang:
            return True
        stuck = threading.Thread(target=threading.Event().wait, args=(self.hang,), daemon=True)
        stuck.start()
        stuck.join(timeout)
        return not stuck.is_alive()
