"""A real window over the real engine, and a session recorded from the clip that ships."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.model.predictor import Predictor
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.engine import Engine
from ferdesk.pipeline.types import EngineState, Reading, ReadingSettings
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.session.recorder import Recorder
from ferdesk.session.writer import SessionInfo
from ferdesk.sources.sample import SampleSource
from ferdesk.ui.app import WindowOptions, build
from ferdesk.ui.bridge import EngineBridge
from ferdesk.ui.dialogs.first_run import VERSION
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import engine_options
from ferdesk.ui.state.settings import Settings
from ferdesk.ui.window.main_window import MainWindow

FRAMES, FPS, THRESHOLD = 50, 25, 0.6
SETTINGS = ReadingSettings("live (FER+)", "", "OpenVINO (CPU)", 0.3, 3)


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    """The checkpoint that ships, loaded once, on what needs no compilation."""
    return Predictor.from_checkpoint(asset(DEFAULT_CHECKPOINT), "cpu")


@pytest.fixture
def live_window(
    qapp: QApplication, qtbot: QtBot, predictor: Predictor
) -> Iterator[Callable[..., MainWindow]]:
    """`live_window(size=…, **settings)`: the window as it is, reading the clip that ships."""
    made: list[MainWindow] = []

    def make(size: tuple[int, int] = (1280, 800), **settings: object) -> MainWindow:
        SettingsStore().update(notice_accepted=VERSION, **settings)

        def engine(settings: Settings, bridge: EngineBridge) -> Engine:
            options = engine_options(settings)
            return Engine(options, bridge.post, predictor_factory=lambda *_: predictor)

        window = build(qapp, WindowOptions(), engine, lambda: ())
        made.append(window)
        window.resize(*size)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        window.begin("sample")
        qtbot.waitUntil(lambda: window.engine.state is EngineState.RUNNING, timeout=60_000)
        qtbot.waitUntil(lambda: bool(window.live.shown.faces), timeout=30_000)
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    qapp.processEvents()


def notices(window: MainWindow) -> list[str]:
    """What the notices say."""
    return [toast.text for toast in window.toasts.toasts]


def wait(qtbot: QtBot, seconds: float) -> None:
    """Let the window work for so long."""
    end = time.monotonic() + seconds
    qtbot.waitUntil(lambda: time.monotonic() >= end, timeout=int(seconds * 1000) + 5000)


def only_session(parent: Path) -> Path:
    """The one session in there."""
    found = [folder for folder in parent.iterdir() if (folder / "session.db").is_file()]
    assert len(found) == 1
    return found[0]


@dataclass(frozen=True)
class PictureSession:
    """Two seconds of the clip that ships, with video, an event and a correction."""

    folder: Path
    readings: list[Reading]
    fps: int
    threshold: float

    @property
    def count(self) -> int:
        """Readings."""
        return len(self.readings)

    def answer_at(self, seconds: float) -> str:
        """What the window said at that moment."""
        face = self.readings[round(seconds * self.fps)].faces[0]
        return "Unsure" if face.abstains(self.threshold) else DISPLAY_NAMES[face.label]


@pytest.fixture(scope="session")
def recorded(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> PictureSession:
    """Recorded once by the real landmarker, network, recorder; nobody may change it."""
    folder = tmp_path_factory.mktemp("sessions") / "2026-11-25_14-03-12_p-07"
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("sample", "Built-in sample"), video=True)
    recorder.set_threshold(THRESHOLD)
    analyzer, source = Analyzer(predictor, 3, 0.3), SampleSource()
    source.open()
    readings: list[Reading] = []
    while len(readings) < FRAMES:
        frame = source.read()
        assert frame is not None
        if frame.index >= 200:
            at = 1000.0 + len(readings) / FPS
            frame = replace(frame, captured_at=at)
            recorder.frame(frame)
            reading = replace(analyzer.analyze(frame), settings=SETTINGS, finished_at=at + 0.03)
            recorder.reading(reading)
            readings.append(reading)
    analyzer.close()
    source.close()
    recorder.mark("clip A", at=1000.4)
    recorder.correct("fear", face=1, duration=0.3, at=1000.8)
    recorder.stop()
    assert recorder.join(60)
    return PictureSession(folder, readings, FPS, THRESHOLD)
