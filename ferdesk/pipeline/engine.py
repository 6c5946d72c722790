"""The machine behind the window: capture, analysis and loading threads, one set of states."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.analysis import Analysis
from ferdesk.pipeline.capture import Capture, CaptureCallbacks, Captured
from ferdesk.pipeline.loader import Loaded, Loader, LoadRequest, PredictorFactory, load_predictor
from ferdesk.pipeline.mailbox import Mailbox
from ferdesk.pipeline.rates import Rates
from ferdesk.pipeline.types import EngineEvent, EngineState, EngineStats, EventKind, Reading
from ferdesk.resources import asset
from ferdesk.sources.base import Frame, Source, SourceInfo
from ferdesk.sources.spec import SourceKind, SourceSpec, open_source

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card
    from ferdesk.model.predictor import Predictor

log = logging.getLogger(__name__)

DEFAULT_CHECKPOINT = "live.safetensors"
_FAILURES_IN_A_ROW = 5


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What can be changed while it runs."""

    smoothing_seconds: float = 0.3
    max_faces: int = 3
    device: str = "auto"
    """"auto", "openvino", "cpu", "cuda" or "mps"."""


Listener = Callable[[EngineEvent], None]


def _ignore(_: EngineEvent) -> None:
    return None


class Engine:
    """Every method returns at once; the listener hears what came of it, on a worker thread.

    A source or checkpoint that cannot be used never replaces one that is in use.
    """

    def __init__(
        self,
        options: EngineOptions | None = None,
        listener: Listener = _ignore,
        *,
        predictor_factory: PredictorFactory = load_predictor,
        source_factory: Callable[[SourceSpec], Source] = open_source,
    ) -> None:
        self._options = options or EngineOptions()
        self._listener = listener
        self._open_source = source_factory
        self._lock = threading.RLock()
        self._state = EngineState.STOPPED
        self._frames: Mailbox[Captured] = Mailbox()
        self._readings: Mailbox[Reading] = Mailbox()
        self._rates = Rates()
        self._capture: Capture | None = None
        self._next_capture: Capture | None = None
        self._retired: list[Capture] = []
        self._spec: SourceSpec | None = None
        self._paused = False
        self._predictor: Predictor | None = None
        self._checkpoint: Path | None = None
        self._wanted: LoadRequest | None = None
        self._callbacks = CaptureCallbacks(
            self._source_opened, self._source_failed, self._source_busy,
            self._source_lost, self._source_regained, self._source_ended,
        )  # fmt: skip
        self._loader = Loader(predictor_factory, self._checkpoint_done)
        self._analysis = Analysis(self._frames, self._analysed, self._analysis_failed)
        self._apply_options()

    # What the window asks for

    @property
    def state(self) -> EngineState:
        """The state right now."""
        return self._state

    @property
    def paused(self) -> bool:
        """Whether `pause(True)` is in force."""
        return self._paused

    @property
    def options(self) -> EngineOptions:
        """The options in force."""
        return self._options

    @property
    def card(self) -> Card | None:
        """What the checkpoint in use says about itself; None before one is loaded."""
        predictor = self._predictor
        return predictor.card if predictor is not None else None

    def start(self, spec: SourceSpec, checkpoint: Path | None = None) -> None:
        """Open a source; one that runs goes on until the new one gives frames.

        `checkpoint` (default: the one that ships) is loaded when none is in use yet.
        """
        with self._lock:
            nothing_yet = self._predictor is None and self._wanted is None
            if nothing_yet or (checkpoint is not None and checkpoint != self._checkpoint):
                self._load(checkpoint)
            if self._next_capture is not None:
                self._retire(self._next_capture)
            # A camera can be opened only once, so the one in use has to go first.
            if self._capture is not None and spec.kind is self._spec_kind() is SourceKind.CAMERA:
                self._retire(self._capture)
                self._capture = None
            still = spec.kind in (SourceKind.IMAGE, SourceKind.FOLDER)
            capture = Capture(self._open_source(spec), self._frames, self._callbacks, still)
            self._next_capture = capture
            self._spec = spec
            if self._capture is None:
                self._enter(EngineState.STARTING, f"Opening {capture.description} …")
            capture.start()

    def stop(self) -> None:
        """Close the source; the checkpoint stays loaded."""
        with self._lock:
            active = [c for c in (self._capture, self._next_capture) if c is not None]
            if active:
                self._enter(EngineState.STOPPING, "Closing the source …")
            for capture in active:
                self._retire(capture)
            self._capture = self._next_capture = None
            self._frames.clear()
            self._enter(EngineState.STOPPED, "Stopped.")

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
            if self._capture is not None:
                self._capture.pause(paused)

    def reset(self) -> None:
        """Forget face ids, smoothing and counters."""
        with self._lock:
            self._analysis.new_scene()
            self._rates.reset()

    def take_reading(self) -> Reading | None:
        """The newest reading, each at most once."""
        return self._readings.take()

    def take_preview(self) -> Frame | None:
        """The newest captured frame, analysed or not, each at most once."""
        capture = self._capture
        return capture.preview.take() if capture is not None else None

    def stats(self) -> EngineStats:
        """Figures for the status bar."""
        with self._lock:
            capture, predictor = self._capture, self._predictor
            info = capture.info if capture is not None else None
            source = capture.description if capture is not None else ""
            if info is not None:
                source = f"{info.name}, {info.detail}" if info.detail else info.name
            return EngineStats(
                state=self._state,
                readings_per_second=self._rates.readings_per_second(),
                capture_per_second=self._rates.captures_per_second(
                    capture.captured if capture is not None else 0
                ),
                latency_ms=self._rates.latency_ms(),
                dropped=self._frames.dropped,
                analysed=self._rates.analysed,
                source=source,
                device=predictor.device if predictor is not None else "",
                checkpoint=predictor.card.name if predictor is not None else "",
            )

    def close(self, timeout: float = 2.0) -> bool:
        """End every thread; True when all of them did within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self._listener = _ignore
        self.stop()
        self._analysis.close()
        self._loader.close()

        def left() -> float:
            return max(0.0, deadline - time.monotonic())

        ended = [capture.join(left()) for capture in self._retired]
        ended.append(self._analysis.join(left()))
        ended.append(self._loader.join(left()))
        return all(ended)

    # What the threads report

    def _apply_options(self) -> None:
        self._analysis.max_faces = self._options.max_faces
        self._analysis.smoothing_seconds = self._options.smoothing_seconds

    def _tell(self, kind: EventKind, message: str, detail: str = "") -> None:
        log.log(
            logging.ERROR if kind is EventKind.ERROR
            else logging.WARNING if kind is EventKind.WARNING else logging.INFO,
            "%s", message,
        )  # fmt: skip
        if detail:
            log.debug("%s", detail)
        self._listener(EngineEvent(kind, message, self._state, detail))

    def _enter(self, state: EngineState, message: str) -> None:
        self._state = state
        self._tell(EventKind.STATE, message)

    def _spec_kind(self) -> SourceKind | None:
        return self._spec.kind if self._spec is not None else None

    def _retire(self, capture: Capture) -> None:
        capture.stop()
        self._retired = [c for c in self._retired if not c.join(0)]
        self._retired.append(capture)

    def _load(self, path: Path | None) -> None:
        try:
            request = LoadRequest(path or asset(DEFAULT_CHECKPOINT), self._options.device)
        except FerdeskError as error:
            self._fault(str(error), "")
            return
        self._wanted = request
        self._tell(EventKind.STATE, f"Loading checkpoint {request.checkpoint.name} …")
        self._loader.request(request)

    def _checkpoint_done(self, loaded: Loaded) -> None:
        with self._lock:
            if loaded.predictor is None:
                self._wanted = None
                if self._predictor is None:
                    self._fault(loaded.message, loaded.detail)
                else:
                    self._tell(EventKind.WARNING, loaded.message, loaded.detail)
                return
            self._predictor = self._analysis.predictor = loaded.predictor
            self._checkpoint = loaded.request.checkpoint
            self._tell(
                EventKind.CHECKPOINT_LOADED,
                f"Using {loaded.predictor.card.name} on {loaded.predictor.device}.",
            )
            self._enter_running_if_ready()

    def _enter_running_if_ready(self) -> None:
        if self._capture is None or self._state not in (EngineState.STARTING, EngineState.FAULTED):
            return
        if self._predictor is not None:
            self._enter(EngineState.RUNNING, "Running.")
        elif self._wanted is not None:
            self._enter(EngineState.STARTING, "Loading the network …")
        else:
            self._enter(EngineState.FAULTED, "No checkpoint is loaded; open one to go on.")

    def _source_opened(self, capture: Capture, info: SourceInfo) -> None:
        with self._lock:
            if capture is not self._next_capture:
                return
            if self._capture is not None:
                self._retire(self._capture)
            self._capture, self._next_capture = capture, None
            self._frames.clear()
            self._analysis.new_scene()
            self._rates.reset()
            capture.pause(self._paused)
            if self._state is not EngineState.STARTING:
                self._enter(EngineState.STARTING, f"Starting {info.name} …")
            self._tell(
                EventKind.SOURCE_OPENED,
                f"{info.name}, {info.detail}." if info.detail else f"{info.name}.",
            )
            self._enter_running_if_ready()

    def _source_failed(self, capture: Capture, message: str, detail: str) -> None:
        with self._lock:
            if capture is self._next_capture:
                self._next_capture = None
                if self._capture is not None:
                    self._tell(EventKind.WARNING, message, detail)
                else:
                    self._fault(message, detail)
            elif capture is self._capture:
                self._capture = None
                self._fault(message, detail)

    def _source_busy(self, capture: Capture, message: str) -> None:
        with self._lock:
            if capture is self._next_capture:
                if self._capture is None:
                    self._enter(EngineState.STARTING, f"Waiting for {capture.description} …")
                self._tell(EventKind.WARNING, message)

    def _source_lost(self, capture: Capture, message: str) -> None:
        with self._lock:
            if capture is self._capture:
                self._enter(EngineState.STARTING, f"Waiting for {capture.description} …")
                self._tell(EventKind.WARNING, message)

    def _source_regained(self, capture: Capture, info: SourceInfo) -> None:
        with self._lock:
            if capture is self._capture:
                self._analysis.new_scene()
                self._tell(EventKind.SOURCE_OPENED, f"{info.name} is back, {info.detail}.")
                self._enter_running_if_ready()

    def _source_ended(self, capture: Capture, warning: str) -> None:
        with self._lock:
            if capture is not self._capture:
                return
            if warning:
                self._tell(EventKind.WARNING, warning)
            self._tell(EventKind.SOURCE_ENDED, f"{capture.description} was played to its end.")
            self._retire(capture)
            self._capture = None
            self._enter(EngineState.STOPPED, "Stopped.")

    def _fault(self, message: str, detail: str) -> None:
        self._state = EngineState.FAULTED
        self._tell(EventKind.ERROR, message, detail)

    def _analysed(self, reading: Reading) -> None:
        self._rates.add(reading)
        self._readings.put(reading)

    def _analysis_failed(self, message: str, detail: str, failures: int) -> None:
        with self._lock:
            if failures == 1:
                self._tell(EventKind.WARNING, message, detail)
            elif failures == _FAILURES_IN_A_ROW:
                if self._capture is not None:
                    self._retire(self._capture)
                    self._capture = None
                self._fault(f"Analysis stopped after repeated failures: {message}", detail)
