"""The machine behind the window: capture, analysis and loading threads, one set of states."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.analysis_thread import AnalysisThread
from ferdesk.pipeline.announcer import Announcer, Listener
from ferdesk.pipeline.capture_thread import Captured
from ferdesk.pipeline.loader import Loaded, Loader, LoadRequest, PredictorFactory, load_predictor
from ferdesk.pipeline.mailbox import Mailbox
from ferdesk.pipeline.rates import Rates
from ferdesk.pipeline.source_switch import SourceSwitch
from ferdesk.pipeline.types import EngineEvent, EngineState, EngineStats, EventKind, Reading, Sink
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.base import Frame, Source, SteppableSource
from ferdesk.sources.spec import SourceSpec, open_source

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card
    from ferdesk.model.predictor import Predictor
    from ferdesk.pipeline.baseline import Baseline

_FAILURES_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What can be changed while it runs."""

    smoothing_seconds: float = 0.3
    max_faces: int = 3
    small_faces: bool = False
    """Search videos for faces that are small in the picture."""
    device: str = "auto"
    """"auto", "openvino", "cpu", "cuda" or "mps"."""


class Engine:
    """Every method returns at once; the listener hears what came of it, on a worker thread.

    A source or checkpoint that cannot be used never replaces one that is in use.
    """

    def __init__(
        self,
        options: EngineOptions,
        listener: Listener,
        *,
        predictor_factory: PredictorFactory = load_predictor,
        source_factory: Callable[[SourceSpec], Source] = open_source,
    ) -> None:
        self._options = options
        self._open_source = source_factory
        self._lock = threading.RLock()
        self._sinks: tuple[Sink, ...] = ()
        self._listener = listener
        self._announcer = Announcer(self._heard)
        self._frames: Mailbox[Captured] = Mailbox()
        self._readings: Mailbox[Reading] = Mailbox()
        self._rates = Rates()
        self._paused = False
        self._predictor: Predictor | None = None
        self._network_loaded = threading.Event()
        self._checkpoint: Path | None = None
        self._wanted: LoadRequest | None = None
        self._loader = Loader(predictor_factory, self._checkpoint_done)
        self._analysis = AnalysisThread(self._frames, self._analysed, self._analysis_failed)
        self._sources = SourceSwitch(
            self._lock, self._announcer, self._frames, self._new_scene, self._rates,
            self._run_if_ready, self._captured, self._network_loaded,
        )  # fmt: skip
        self._apply_options()

    # What the window asks for

    @property
    def state(self) -> EngineState:
        """The state right now."""
        return self._announcer.state

    @property
    def paused(self) -> bool:
        """Whether `pause(True)` is in force."""
        return self._paused

    @property
    def card(self) -> Card | None:
        """What the checkpoint in use says about itself; None before one is loaded."""
        predictor = self._predictor
        return predictor.card if predictor is not None else None

    @property
    def predictor(self) -> Predictor | None:
        """The network in use, for one other thread while no source is open; None before one is
        loaded."""
        return self._predictor

    def start(self, spec: SourceSpec, checkpoint: Path | None = None) -> None:
        """Open a source; one that runs goes on until the new one gives frames.

        `checkpoint` (default: the one that ships) is loaded when none is in use yet.
        """
        with self._lock:
            nothing_yet = self._predictor is None and self._wanted is None
            if nothing_yet or (checkpoint is not None and checkpoint != self._checkpoint):
                self._load(checkpoint)
            self._sources.start(self._open_source(spec), spec)

    def stop(self) -> None:
        """Close the source; the checkpoint stays loaded."""
        with self._lock:
            self._sources.stop()
            self._announcer.enter(EngineState.STOPPED, "Stopped.")

    def load_checkpoint(self, path: Path) -> None:
        """Load and then use a checkpoint; until then, or if it is refused, the old one is used."""
        with self._lock:
            self._load(path)

    def set_options(self, options: EngineOptions) -> None:
        """Use these from the next frame on; another device reloads the checkpoint there."""
        with self._lock:
            old, self._options = self._options, options
            self._apply_options()
            if old.device != options.device and self._checkpoint is not None:
                self._load(self._checkpoint)

    def pause(self, paused: bool) -> None:
        """Freeze the reading; files hold their place."""
        with self._lock:
            self._paused = self._analysis.paused = paused
            self._sources.pause(paused)

    def step(self, by: int) -> None:
        """Among several files go `by` further, back when negative, and stay there; 0 only stays."""
        with self._lock:
            self._sources.step(by)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files among which `step` moves, in their order; () for other sources."""
        capture = self._sources.current
        source = capture.source if capture is not None else None
        return source.files if isinstance(source, SteppableSource) else ()

    def reset(self) -> None:
        """Forget face ids, smoothing and counters."""
        with self._lock:
            self._new_scene()
            self._rates.reset()

    def take_reading(self, timeout: float = 0.0) -> Reading | None:
        """The newest reading, each at most once; None when none comes within `timeout` seconds."""
        return self._readings.take(timeout)

    def take_preview(self) -> Frame | None:
        """The newest captured frame, analysed or not, each at most once."""
        capture = self._sources.current
        return capture.preview.take() if capture is not None else None

    def set_baselines(self, baselines: Mapping[int, Baseline]) -> None:
        """From the next frame on the faces with these ids have a `change`; {}: none has."""
        self._analysis.baselines = dict(baselines)

    def attach(self, sink: Sink) -> None:
        """Let `sink` hear every frame, reading and event from now on."""
        with self._lock:
            self._sinks = (*self._sinks, sink)

    def detach(self, sink: Sink) -> None:
        """Tell it nothing any more; a call on the way may still come."""
        with self._lock:
            self._sinks = tuple(other for other in self._sinks if other is not sink)

    def hand_on(self, reading: Reading) -> None:
        """Let the sinks hear what was read elsewhere, as if a source had just given it."""
        for sink in self._sinks:
            sink.frame(reading.frame)
            sink.reading(reading)

    def stats(self) -> EngineStats:
        """Figures for the status bar."""
        with self._lock:
            capture, predictor = self._sources.current, self._predictor
            info = capture.info if capture is not None else None
            source = capture.description if capture is not None else ""
            return EngineStats(
                state=self.state,
                readings_per_second=self._rates.readings_per_second(),
                capture_per_second=self._rates.captures_per_second(
                    capture.captured if capture is not None else 0
                ),
                latency_ms=self._rates.latency_ms(),
                dropped=self._frames.dropped,
                analysed=self._rates.analysed,
                source=info.in_words if info is not None else source,
                device=predictor.device if predictor is not None else "",
                checkpoint=predictor.card.name if predictor is not None else "",
            )

    def close(self, timeout: float = 2.0) -> bool:
        """End every thread; True when all of them did within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self._announcer.silence()
        self.stop()
        self._analysis.close()
        self._loader.close()

        def left() -> float:
            return max(0.0, deadline - time.monotonic())

        ended = self._sources.join(left), self._analysis.join(left()), self._loader.join(left())
        return all(ended)

    # What the threads report

    def _apply_options(self) -> None:
        self._analysis.max_faces = self._options.max_faces
        self._analysis.small_faces = self._options.small_faces
        self._analysis.smoothing_seconds = self._options.smoothing_seconds

    def _load(self, path: Path | None) -> None:
        try:
            request = LoadRequest(path or asset(DEFAULT_CHECKPOINT), self._options.device)
        except FerdeskError as error:
            self._announcer.fault(str(error), "")
            return
        if request == self._wanted and self._predictor is None:
            return
        self._wanted = request
        self._announcer.tell(EventKind.STATE, f"Loading checkpoint {request.checkpoint.name} …")
        self._loader.request(request)

    def _checkpoint_done(self, loaded: Loaded) -> None:
        with self._lock:
            if loaded.predictor is None:
                self._wanted = None
                if self._predictor is None:
                    self._announcer.fault(loaded.message, loaded.detail)
                else:
                    self._announcer.tell(EventKind.WARNING, loaded.message, loaded.detail)
                return
            self._predictor = self._analysis.predictor = loaded.predictor
            self._network_loaded.set()
            self._checkpoint = loaded.request.checkpoint
            self._announcer.tell(
                EventKind.CHECKPOINT_LOADED,
                f"Using {loaded.predictor.card.name} on {loaded.predictor.device}.",
            )
            self._run_if_ready()

    def _run_if_ready(self) -> None:
        if self._sources.current is None or self.state not in (
            EngineState.STARTING, EngineState.FAULTED,
        ):  # fmt: skip
            return
        if self._predictor is not None:
            self._announcer.enter(EngineState.RUNNING, "Running.")
        elif self._wanted is not None:
            self._announcer.enter(EngineState.STARTING, "Loading the network …")
        else:
            message = "No checkpoint is loaded; open one to go on."
            self._announcer.enter(EngineState.FAULTED, message)

    def _heard(self, event: EngineEvent) -> None:
        self._listener(event)
        for sink in self._sinks:
            sink.event(event)

    def _captured(self, frame: Frame) -> None:
        for sink in self._sinks:
            sink.frame(frame)

    def _new_scene(self) -> None:
        """No reading of what was before is given out any more."""
        self._analysis.new_scene()
        self._readings.clear()

    def _analysed(self, reading: Reading, scene: int) -> None:
        with self._lock:
            if scene != self._analysis.scene:
                return
            self._rates.add(reading)
            for sink in self._sinks:
                sink.reading(reading)
            self._readings.put(reading)

    def _analysis_failed(self, message: str, detail: str, failures: int) -> None:
        with self._lock:
            if failures == 1:
                self._announcer.tell(EventKind.WARNING, message, detail)
            elif failures == _FAILURES_IN_A_ROW:
                self._sources.end_current()
                message = f"Analysis stopped after repeated failures: {message}"
                self._announcer.fault(message, detail)
