"""The Help menu and the first-run notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ferdesk.ui.actions import Actions
from ferdesk.ui.dialogs.about import AboutDialog, diagnostics
from ferdesk.ui.dialogs.first_run import VERSION, FirstRunDialog
from ferdesk.ui.dialogs.shortcuts import ShortcutsDialog
from ferdesk.ui.panels.log import LogBuffer
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort


class Help(QObject):
    """What the program says about itself."""

    told = Signal(str)

    def __init__(
        self,
        engine: EnginePort,
        store: SettingsStore,
        buffer: LogBuffer,
        redraws: Callable[[], float],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._store = store
        self._buffer = buffer
        self._redraws = redraws
        self._window = window

    def first_run(self, accepted: Callable[[], None]) -> None:
        """Show the notice unless this version of it was accepted before; `accepted` follows."""
        if self._store.value.notice_accepted >= VERSION:
            accepted()
            return
        dialog = FirstRunDialog(self._window)
        dialog.accepted.connect(lambda: self._store.update(notice_accepted=VERSION))
        dialog.accepted.connect(accepted)
        dialog.declined.connect(self._window.close)
        dialog.open()

    def show_notice(self) -> None:
        """The notice again."""
        FirstRunDialog(self._window, again=True).open()

    def show_shortcuts(self, actions: Actions, event_labels: Sequence[str]) -> None:
        """Keyboard shortcuts…"""
        ShortcutsDialog(actions, event_labels, self._window).open()

    def show_about(self) -> None:
        """About ferdesk…"""
        AboutDialog(self.report(), self._window).open()

    def copy_diagnostics(self) -> None:
        """Put the text for bug reports on the clipboard."""
        QGuiApplication.clipboard().setText(self.report())
        self.told.emit("Diagnostics copied to the clipboard")

    def report(self) -> str:
        """The text for bug reports."""
        stats = self._engine.stats()
        facts = {
            "State": stats.state.value,
            "Source": stats.source or "none",
            "Device": stats.device or "none",
            "Checkpoint": stats.checkpoint or "none",
            "Readings per second": f"{stats.readings_per_second:.1f}",
            "Redraws per second": f"{self._redraws():.1f}",
            "Dropped frames": str(stats.dropped),
            "Settings": str(self._store.path),
        }
        return diagnostics(facts, self._buffer.text())
