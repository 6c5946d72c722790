"""The window as a process: what it imports, how it starts, how it ends."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ferdesk.ui import app
from ferdesk.ui.bridge import EngineBridge
from ferdesk.ui.dialogs.first_run import VERSION
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.settings import Settings
from ferdesk.ui.window.main_window import MainWindow
from tests.qt.fakes import FakeEngine

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        check=False,
    )


def test_importing_the_window_loads_nothing_heavy() -> None:
    result = python(
        """
        import sys
        import ferdesk.ui.app, ferdesk.ui.paint.annotated
        heavy = {"torch", "mediapipe", "openvino", "matplotlib"} & set(sys.modules)
        assert not heavy, heavy
        """
    )
    assert result.returncode == 0, result.stderr


def test_fifty_thousand_void_calls_leave_none_alone(qtbot: QtBot) -> None:
    """PySide6 6.12 takes a reference to None with every one of them."""
    if sys.version_info >= (3, 12):
        pytest.skip("None is immortal from Python 3.12 on")
    widget = QWidget()
    qtbot.addWidget(widget)
    before = sys.getrefcount(None)
    for _ in range(50_000):
        widget.update()
    assert abs(sys.getrefcount(None) - before) < 1000


def engine_factory(engines: list[FakeEngine]) -> app.EngineFactory:
    def make(_settings: Settings, bridge: EngineBridge) -> FakeEngine:
        engines.append(FakeEngine(listener=bridge.post))
        return engines[-1]

    return make


def test_run_shows_the_window_and_returns_when_it_is_closed(qapp: QApplication) -> None:
    SettingsStore().update(notice_accepted=VERSION)
    engines: list[FakeEngine] = []
    seen: list[str] = []
    hook = sys.excepthook

    def look() -> None:
        window = next(w for w in qapp.topLevelWidgets() if isinstance(w, MainWindow))
        if not engines[0].started:
            QTimer.singleShot(20, look)
            return
        try:
            raise RuntimeError("a slot broke")
        except RuntimeError as error:
            sys.excepthook(RuntimeError, error, error.__traceback__)
        QApplication.processEvents()
        seen.extend(toast.text for toast in window.toasts.toasts)
        window.close()

    QTimer.singleShot(0, look)
    assert app.run(app.WindowOptions("sample"), factory=engine_factory(engines)) == 0
    assert any("a slot broke" in text for text in seen)
    assert engines[0].closed_with is not None
    assert sys.excepthook is hook


@pytest.mark.parametrize("how", ["window.close()", "os.kill(os.getpid(), signal.SIGINT)"])
def test_the_process_ends_soon_after_closing_while_everything_hangs(how: str) -> None:
    code = f"""
        import os, signal, sys, threading, time
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication
        from ferdesk.ui import app
        from ferdesk.ui.window.main_window import MainWindow
        from ferdesk.ui.settings_store import SettingsStore
        from tests.qt.fakes import FakeEngine
        application = QApplication(["ferdesk"])
        SettingsStore().update(notice_accepted={VERSION})
        def factory(_settings, bridge):
            engine = FakeEngine(listener=bridge.post)
            engine.hang = 60.0
            threading.Thread(target=time.sleep, args=(60,)).start()
            return engine
        def end():
            window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))
            sys.stdout.write(f"{{time.time()}}")
            sys.stdout.flush()
            {how}
        QTimer.singleShot(500, end)
        app.leave(app.run(app.WindowOptions("sample"), factory=factory))
    """
    result = python(code)
    ended = time.time()
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert ended - float(result.stdout) < 20.0
