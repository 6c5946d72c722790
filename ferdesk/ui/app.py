"""Starting the window. Heavy modules are imported by the engine's threads, never from here."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from ferdesk.addresses import hide_passwords
from ferdesk.ui.bridge import EngineBridge
from ferdesk.ui.paint.icons import application_icon
from ferdesk.ui.paint.theme import Theme
from ferdesk.ui.panels.log import LogBuffer
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort, engine_options
from ferdesk.ui.state.settings import Settings
from ferdesk.ui.window.choose_source import list_cameras
from ferdesk.ui.window.main_window import MainWindow

log = logging.getLogger(__name__)

EngineFactory = Callable[[Settings, EngineBridge], EnginePort]

_QT_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_QT_NOISE: Final = ("This plugin does not support propagateSizeHints",)


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What the command line asks of the window; None leaves it to the settings."""

    source: str | None = None
    checkpoint: Path | None = None
    device: str | None = None
    max_faces: int | None = None


class _Reporter(QObject):
    """Brings unexpected errors of any thread to the log and, in one sentence, to the window."""

    problem = Signal(str)

    def report(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.critical("unexpected error", exc_info=(kind, error, trace))
        text = (
            f"Something unexpected went wrong ({kind.__name__}: {hide_passwords(str(error))}); "
            "the log has the details."
        )
        try:
            self.problem.emit(text)
        except RuntimeError:
            log.debug("the window is gone")


def create_engine(settings: Settings, bridge: EngineBridge) -> EnginePort:
    """The real engine."""
    from ferdesk.pipeline.engine import Engine

    return Engine(engine_options(settings), bridge.post)


def build(
    app: QApplication,
    options: WindowOptions,
    factory: EngineFactory = create_engine,
    cameras: Callable[[], tuple[object, ...]] = list_cameras,
) -> MainWindow:
    """The window with everything it needs, not yet shown."""
    buffer = LogBuffer()
    logging.getLogger().addHandler(buffer)
    logging.getLogger("ferdesk").setLevel(logging.DEBUG)
    store = SettingsStore()
    if options.device is not None:
        store.update(device=options.device)
    if options.max_faces is not None:
        store.update(max_faces=options.max_faces)
    theme = Theme(app)
    theme.apply(store.value.theme)
    bridge = EngineBridge()
    window = MainWindow(
        factory(store.value, bridge),
        bridge,
        store,
        theme,
        buffer,
        cameras,  # type: ignore[arg-type]
    )
    window.destroyed.connect(lambda *_: logging.getLogger().removeHandler(buffer))
    return window


def run(
    options: WindowOptions | None = None,
    argv: list[str] | None = None,
    factory: EngineFactory = create_engine,
) -> int:
    """Show the window until it is closed; returns the exit code."""
    options = options or WindowOptions()
    qInstallMessageHandler(_qt_message)
    app = QApplication.instance() or QApplication(argv or ["ferdesk"])
    assert isinstance(app, QApplication)
    app.setApplicationName("ferdesk")
    app.setApplicationDisplayName("ferdesk")
    app.setDesktopFileName("ferdesk")
    app.setWindowIcon(application_icon())
    window = build(app, options, factory)
    reporter = _Reporter()
    reporter.problem.connect(window.warn, Qt.ConnectionType.QueuedConnection)
    hooks = sys.excepthook, threading.excepthook
    sys.excepthook = lambda kind, error, trace: (
        window.close() if kind is KeyboardInterrupt else reporter.report(kind, error, trace)
    )
    threading.excepthook = lambda args: reporter.report(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )
    # Python sees signals only while it runs: the window's timers see to that.
    handlers = {
        number: signal.signal(number, lambda *_: window.close())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    window.show()
    window.begin(options.source, options.checkpoint)
    try:
        return app.exec()
    finally:
        sys.excepthook, threading.excepthook = hooks
        for number, handler in handlers.items():
            signal.signal(number, handler)
        qInstallMessageHandler(None)


def leave(code: int) -> NoReturn:
    """End the process now, even when native code on a daemon thread does not return.

    For the command line, after `run`: the interpreter's own way out may wait for such a thread, or
    crash in it.
    """
    others = [t for t in threading.enumerate() if t is not threading.main_thread()]
    if others:
        log.debug("leaving with threads still alive: %s", [t.name for t in others])
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    sys.exit(code)


def _qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Qt's own messages go to the log like everybody's."""
    if not text.startswith(_QT_NOISE):
        name = f"qt.{context.category}" if context.category else "qt"
        logging.getLogger(name).log(_QT_LEVELS.get(kind, logging.WARNING), "%s", text)
