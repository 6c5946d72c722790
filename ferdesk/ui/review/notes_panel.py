"""The list of events, corrections and baselines of the session under review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHeaderView, QTableWidgetItem, QWidget

from ferdesk.durations import clock
from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.ui.actions import Actions
from ferdesk.ui.panels.buttons import icon_button
from ferdesk.ui.panels.list_table import list_in_panel
from ferdesk.ui.panels.panel import MutedLabel, Panel

if TYPE_CHECKING:
    from ferdesk.session.store import Note, Store

_BUTTONS: Final = ("mark", "edit_note", "delete_note", "undo", "redo")
_FROM: Final = {"key": "person", "lsl": "LSL", "file": "file", "ferdesk": "ferdesk"}


class NotesPanel(Panel):
    """A row per event, correction and baseline; a click goes there, Enter changes it."""

    sought = Signal(float)
    edit_wanted = Signal(object)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("Events and corrections", parent)
        for name in _BUTTONS:
            self.header.addWidget(icon_button(actions[name]))
        self.notes: list[Note] = []
        self.table = list_in_panel("Events and corrections", ("", "", ""))
        mode = QHeaderView.ResizeMode
        self.table.set_widths(mode.ResizeToContents, mode.Stretch, mode.ResizeToContents)
        self.table.itemSelectionChanged.connect(self._go)
        self.table.itemActivated.connect(lambda _item: self._edit())
        self.hint = MutedLabel("Every change is saved at once.")
        self.hint.setWordWrap(True)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.hint)
        self.setMinimumHeight(110)
        self.hide()

    @property
    def chosen(self) -> Note | None:
        """The event or correction whose row is chosen."""
        rows = self.table.selectionModel().selectedRows()
        return self.notes[rows[0].row()] if rows else None

    def show_notes(self, store: Store) -> None:
        """List what is in the session; the row that was chosen stays chosen."""
        before = self.chosen
        found: list[Note] = [*store.events(), *store.corrections(), *store.baselines()]
        self.notes = sorted(found, key=lambda note: note.onset)
        self.table.blockSignals(True)
        self.table.clearSelection()
        self.table.setRowCount(len(self.notes))
        for row, note in enumerate(self.notes):
            for column, text in enumerate(_cells(note)):
                item = QTableWidgetItem(text)
                item.setToolTip(getattr(note, "note", "") or text)
                self.table.setItem(row, column, item)
            if before is not None and (type(note), note.id) == (type(before), before.id):
                self.table.selectRow(row)
        self.table.blockSignals(False)
        empty = "Nothing yet: M notes an event, C corrects a label. Every change is saved at once."
        self.hint.setText("Every change is saved at once." if self.notes else empty)

    def _go(self) -> None:
        note = self.chosen
        if note is not None:
            self.sought.emit(note.onset)

    def _edit(self) -> None:
        if self.chosen is not None:
            self.edit_wanted.emit(self.chosen)


def _cells(note: Note) -> tuple[str, str, str]:
    from ferdesk.session.records import BaselineRecord, EventRecord

    time = clock(note.onset, tenths=True)
    if note.duration > 0:
        time += f"–{clock(note.onset + note.duration, tenths=True)}"
    if isinstance(note, EventRecord):
        return time, f"⚑ {note.label}", _FROM.get(str(note.origin), str(note.origin))
    who = "every face" if note.face is None else f"face {note.face}"
    if isinstance(note, BaselineRecord):
        return time, f"neutral baseline ({who})", "person"
    label = note.label
    what = "excluded" if label == "excluded" else f"corrected: {DISPLAY_NAMES.get(label, label)}"
    return time, f"{what} ({who})", "person"
