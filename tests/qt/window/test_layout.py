"""The division of the window, and that it fits every screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ferdesk.ui.window.layout import fit
from tests.qt.conftest import Bench
from tests.qt.readings import make_reading

# Logical sizes, less a task bar: from 1280x720 at 100 % to 3840x2160 at 200 %.
SCREENS = ((1280, 672), (1366, 728), (1536, 816), (1920, 1040), (2560, 1400))


def test_the_division_of_the_window_comes_back(build_bench: Callable[..., Bench]) -> None:
    first = build_bench()
    first.window.division.across.setSizes([600, 660])
    sizes = first.window.division.across.sizes()
    first.window.close()
    assert build_bench().window.division.across.sizes() == pytest.approx(sizes, abs=2)


def test_the_window_fits_every_screen_with_and_without_the_log(bench: Bench, qtbot: QtBot) -> None:
    window, panels = bench.window, bench.window.panels
    bench.run()
    bench.show(make_reading())
    for log in (False, True):
        window.commands["show_log"].setChecked(log)
        for width, height in SCREENS:
            screen = QRect(0, 0, width, height)
            window.resize(3000, 2000)
            fit(window, screen)
            qtbot.waitUntil(lambda: window.height() < 2000)
            assert screen.contains(window.geometry())
            # Room for the title bar and the borders that the window manager draws.
            assert window.height() <= height - 30
            for part in (panels.status, panels.timeline, panels.purification, panels.video):
                assert _within(part, window), (part.accessibleName(), width, height, log)


def _within(part: QWidget, window: QWidget) -> bool:
    place = QRect(part.mapTo(window, QPoint()), part.size())
    return part.isVisible() and window.rect().contains(place)


def test_the_first_window_of_a_small_screen_is_small(tmp_path: Path) -> None:
    """A real screen of 1366x768, as far as Qt can tell."""
    screen = {"name": "s", "x": 0, "y": 0, "width": 1366, "height": 768, "logicalDpi": 96, "dpr": 1}
    screens = tmp_path / "screens.json"
    screens.write_text(json.dumps({"screens": [screen]}))
    code = (
        "from PySide6.QtWidgets import QApplication\n"
        "from ferdesk.ui.app import WindowOptions, build\n"
        "from tests.qt.fakes import FakeEngine\n"
        "app = QApplication([])\n"
        "window = build(app, WindowOptions(), lambda *_: FakeEngine(), tuple)\n"
        "window.show(); app.processEvents()\n"
        "print(app.primaryScreen().availableGeometry().contains(window.geometry()),"
        " window.height())"
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={screens}"}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    fits, height = answer.stdout.split()
    assert fits == "True", answer.stderr
    assert int(height) <= 768 - 40


def test_full_screen_is_the_picture(bench: Bench, qtbot: QtBot) -> None:
    window, panels = bench.window, bench.window.panels
    bench.run()
    bench.show(make_reading())
    window.commands["show_log"].setChecked(True)
    window.commands["full_screen"].trigger()
    qtbot.waitUntil(lambda: panels.video.size() == window.size())
    others = (panels.timeline, panels.log, panels.distribution, panels.purification)
    chrome = (panels.status, window.toolbar, window.menuBar())
    assert not any(part.isVisible() for part in (*others, *chrome))
    # Shortcuts work without menus.
    window.commands["dismiss"].trigger()
    qtbot.waitUntil(lambda: not window.isFullScreen())
    assert all(part.isVisible() for part in (*others, *chrome))


def test_every_command_of_the_toolbar_is_in_sight_at_the_smallest_size(bench: Bench) -> None:
    bench.engine.files = (Path("/a.png"), Path("/b.png"))
    bench.run()
    bench.show(make_reading())
    window = bench.window
    for width, named in ((900, False), (1366, True)):
        window.resize(width, 700)
        QApplication.processEvents()
        buttons = [b for b in window.toolbar.findChildren(QToolButton) if b.defaultAction()]
        assert all(button.isVisible() for button in buttons), width
        pause = window.toolbar.widgetForAction(window.commands["pause"])
        beside = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        assert isinstance(pause, QToolButton)
        assert (pause.toolButtonStyle() == beside) is named
