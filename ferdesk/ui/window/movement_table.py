"""The table of all face movements, opened from its panel."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ferdesk.ui.dialogs.movements import MovementsDialog
from ferdesk.ui.panels.movements import MovementsPanel
from ferdesk.ui.window.live import LiveView


class MovementTable(QObject):
    """One window beside the main one; it keeps its place when it is closed and opened again."""

    def __init__(self, live: LiveView, panel: MovementsPanel, window: QWidget) -> None:
        super().__init__(window)
        self._live = live
        self._window = window
        self.dialog: MovementsDialog | None = None
        panel.table_wanted.connect(self.show)

    def show(self) -> None:
        """Open it, or bring it to the front."""
        if self.dialog is None:
            self.dialog = MovementsDialog(self._window)
            self._live.written_out.connect(self.dialog.show_numbers)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.show_numbers(self._live.shown)
