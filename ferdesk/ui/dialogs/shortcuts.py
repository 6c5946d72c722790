"""The keyboard shortcuts, read from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.actions import COMMANDS, Actions
from ferdesk.ui.panels.list_table import ListTable


class ShortcutsDialog(QDialog):
    """A table of every command that has a shortcut."""

    def __init__(
        self, actions: Actions, event_labels: Sequence[str] = (), parent: QWidget | None = None
    ) -> None:
        """`event_labels`: what the keys 1, 2, … note now; () when that is not decided."""
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 560)
        native = QKeySequence.SequenceFormat.NativeText
        rows = []
        for (name, action), command in zip(actions, COMMANDS.values(), strict=True):
            if not action.shortcut().isEmpty():
                keys = action.shortcut().toString(native)
                rows.append((command.text.rstrip("…"), keys, command.tip))
            if name == "mark":
                rows += _event_keys(event_labels)
        self.table = ListTable("Keyboard shortcuts", ("Command", "Keys", "What it does"))
        self.table.setRowCount(len(rows))
        mode = QHeaderView.ResizeMode
        self.table.set_widths(mode.ResizeToContents, mode.ResizeToContents, mode.Stretch)
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                item = QTableWidgetItem(value)
                item.setToolTip(value)
                self.table.setItem(row, column, item)
        self.table.setCurrentCell(-1, -1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)


def _event_keys(labels: Sequence[str]) -> list[tuple[str, str, str]]:
    """A row per key that notes something; one for all of them before they have labels."""
    tip = "Note this event, while recording and in review alike"
    rows = [(f"Mark “{label}”", str(i), tip) for i, label in enumerate(labels, 1) if label]
    labels_asked = "Note labels of your own, which are asked for when a recording begins"
    return rows or [("Mark own event", "1 … 9", labels_asked)]
