"""Sources that misbehave on command, behind the engine's own factory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ferdesk.errors import FerdeskError
from ferdesk.model.predictor import Predictor
from ferdesk.pipeline.engine import Engine, EngineOptions
from ferdesk.pipeline.types import EngineEvent, EngineState, EventKind, Reading
from ferdesk.sources.base import Frame, Source, SourceBusyError, SourceInfo, SourceLostError
from ferdesk.sources.spec import SourceKind, SourceSpec
from tests.unit.model.helpers import tiny_card, tiny_network

CAMERA = SourceSpec(SourceKind.CAMERA, "0")
OTHER = SourceSpec(SourceKind.URL, "http://localhost/other")
CHECKPOINT = Path("first.safetensors")

PATIENCE = 20.0
"""Seconds any wait may take before the test fails."""


def tiny_predictor(path: Path, device: str = "auto") -> Predictor:
    """Takes any path whose name does not contain "bad"."""
    if "bad" in path.name:
        raise FerdeskError(f"'{path.name}' is refused.")
    network = tiny_network()
    return Predictor.of_network(
        network, tiny_card(network, path.stem), "cpu" if device == "auto" else device
    )


class FakeCamera:
    """Live, 100 frames a second, of one picture; can be unplugged and plugged in again."""

    warning = ""

    def __init__(self, picture: np.ndarray, name: str = "Fake camera") -> None:
        self.picture = picture
        self.description = name
        self.plugged = threading.Event()
        self.plugged.set()
        self.busy = False
        self.opened = 0
        self.closed = 0
        self.explode = ""
        self.wait_open = 0.0
        self._index = 0

    def open(self) -> SourceInfo:
        time.sleep(self.wait_open)
        if self.busy:
            raise SourceBusyError(f"{self.description} is busy.")
        if not self.plugged.is_set():
            raise FerdeskError(f"{self.description} is busy or not connected.")
        self.opened += 1
        height, width = self.picture.shape[:2]
        return SourceInfo(self.description, width, height, 100.0, True, None, "fake mode")

    def read(self) -> Frame | None:
        time.sleep(0.01)
        if self.explode:
            raise RuntimeError(self.explode)
        if not self.plugged.is_set():
            raise SourceLostError(f"{self.description} was disconnected.")
        self._index += 1
        return Frame(self.picture, self._index, self._index / 100, time.perf_counter())

    def close(self) -> None:
        self.closed += 1


class Listening:
    """An engine and everything it said."""

    def __init__(
        self,
        source: Callable[[SourceSpec], Source],
        predictor: Callable[[Path, str], Predictor] = tiny_predictor,
        options: EngineOptions | None = None,
    ) -> None:
        self.events: list[EngineEvent] = []
        self.engine = Engine(
            options or EngineOptions(),
            self.events.append,
            predictor_factory=predictor,
            source_factory=source,
        )

    def wait(self, condition: Callable[[], object], what: str = "the condition") -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}: {self.events}"
            time.sleep(0.005)

    def wait_for(self, kind: EventKind, text: str = "", after: int = 0) -> EngineEvent:
        def found() -> list[EngineEvent]:
            return [e for e in self.events[after:] if e.kind is kind and text in e.message]

        self.wait(found, f"{kind} with '{text}'")
        return found()[0]

    def wait_state(self, state: EngineState) -> None:
        self.wait(lambda: self.engine.state is state, str(state))

    def reading(self) -> Reading:
        """The next new reading."""
        box: list[Reading] = []

        def take() -> bool:
            reading = self.engine.take_reading()
            if reading is not None:
                box.append(reading)
            return reading is not None

        self.wait(take, "a reading")
        return box[0]
