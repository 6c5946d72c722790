"""The real window over an engine that does what the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import EngineState, EventKind, Reading
from ferdesk.sources.spec import SourceKind, SourceSpec
from ferdesk.ui.app import WindowOptions, build
from ferdesk.ui.dialogs.first_run import VERSION
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.window.main_window import MainWindow
from tests.qt.fakes import FakeEngine
from tests.qt.readings import TABLE, make_card

CAMERA = SourceSpec(SourceKind.CAMERA, "0")


class Bench:
    """A window on the bench, with the engine in reach."""

    def __init__(self, window: MainWindow, engine: FakeEngine, qtbot: QtBot) -> None:
        self.window = window
        self.engine = engine
        self.video = window.panels.video
        self._qtbot = qtbot

    def run(self) -> None:
        """The engine gives a source and the window pulls."""
        self.window.live.start()
        self.engine.start(CAMERA)
        self._qtbot.waitUntil(lambda: self.window.panels.status.state.text() == "Running")

    def show(self, reading: Reading) -> None:
        """Wait until the window has drawn this reading."""
        self.engine.feed(reading)
        live = self.window.live
        self._qtbot.waitUntil(lambda: live.shown.reading is reading and not self.video._undrawn)
        self.window.live.write_out()
        self.window.live.refresh_plots()

    def tell(self, kind: EventKind, message: str, state: EngineState | None = None) -> None:
        """The engine says something, and the window has heard it."""
        heard: list[Any] = []
        self.window.bridge.arrived.connect(heard.append)
        self.engine.tell(kind, message, state)
        self._qtbot.waitUntil(lambda: bool(heard))
        QApplication.processEvents()

    def use_card(self, *, known: bool = True) -> None:
        """The checkpoint in use knows its own mistakes, or does not."""
        self.engine.card = make_card(TABLE if known else None)
        self.tell(EventKind.CHECKPOINT_LOADED, "Using live-1 on OpenVINO CPU.")

    def notices(self) -> list[str]:
        """What the notices say."""
        return [toast.text for toast in self.window.toasts.toasts]


@pytest.fixture
def build_bench(qapp: QApplication, qtbot: QtBot) -> Iterator[Callable[..., Bench]]:
    """`build_bench(cameras=…, script=…, **settings)` makes a shown window of 1280x800.

    The first-run notice counts as accepted; `untouched` leaves the settings file as it is.
    """
    made: list[MainWindow] = []

    def make(
        cameras: tuple[Any, ...] = (),
        script: Any = None,
        *,
        untouched: bool = False,
        **settings: Any,
    ) -> Bench:
        if not untouched:
            SettingsStore().update(**{"notice_accepted": VERSION, **settings})
        engines: list[FakeEngine] = []

        def factory(_settings: Any, bridge: Any) -> FakeEngine:
            engines.append(FakeEngine(listener=bridge.post, script=script))
            return engines[0]

        window = build(qapp, WindowOptions(), factory, lambda: cameras)
        made.append(window)
        window.resize(1280, 800)
        window.show()
        qtbot.waitUntil(lambda: window.windowHandle().isExposed())
        # Shortcuts belong to the active window; without a window manager nobody makes it that.
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return Bench(window, engines[0], qtbot)

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    qapp.processEvents()


@pytest.fixture
def bench(build_bench: Callable[..., Bench]) -> Bench:
    """A window with default settings whose notice was accepted."""
    return build_bench()


@pytest.fixture
def judged(build_bench: Callable[..., Bench]) -> Bench:
    """A window whose checkpoint knows its own mistakes, at the default operating point."""
    bench = build_bench()
    bench.use_card()
    bench.run()
    return bench
