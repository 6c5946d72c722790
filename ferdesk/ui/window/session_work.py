"""Everything around sessions in one window: recording, correcting, and their commands."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ferdesk.ui.actions import Actions
from ferdesk.ui.background import Jobs
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.window.choose_source import Sources
from ferdesk.ui.window.correcting import Correcting
from ferdesk.ui.window.live import LiveView, Panels
from ferdesk.ui.window.recording import MARK, Recording

_IDLE = "Nothing is being recorded"


class SessionWork(QObject):
    """Connects recording and correcting with the window's commands."""

    told = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        engine: EnginePort,
        live: LiveView,
        panels: Panels,
        store: SettingsStore,
        jobs: Jobs,
        commands: Actions,
        sources: Sources,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._commands = commands
        self.recording = Recording(
            engine, live, store, jobs, panels.status.recording, lambda: _named(sources), window
        )
        self.correcting = Correcting(panels.video, lambda: live.shown)
        self.recording.told.connect(self.told)
        self.recording.refused.connect(self.refused)
        self.recording.changed.connect(self._recording_changed)
        self.correcting.corrected.connect(self.recording.correct)
        commands["record"].triggered.connect(lambda _on: self.recording.toggle())
        commands["mark"].triggered.connect(lambda _on: self.recording.mark(MARK))
        commands["correct"].triggered.connect(lambda _on: self.correcting.ask())

    def close(self) -> None:
        """The window closes: leave nothing unwritten."""
        self.recording.close()

    def _recording_changed(self, on: bool) -> None:
        record = self._commands["record"]
        record.setChecked(on)
        record.setText("Stop recording" if on else "Record")
        record.setIconText("Stop" if on else "Record")
        self.correcting.possible = on
        for name in ("mark", "correct"):
            self._commands.set_enabled(name, on, _IDLE)


def _named(sources: Sources) -> str:
    return sources.current.shown if sources.current is not None else ""
