"""One event or correction, to be changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.session.records import CORRECTIONS, CorrectionRecord, EventRecord
from ferdesk.ui.paint.plain_text import PlainLabel

if TYPE_CHECKING:
    from ferdesk.session.store import Note


class NoteDialog(QDialog):
    """Label, beginning and duration; a note for events, a face for corrections."""

    chosen = Signal(object)
    """Carries the changed record."""

    def __init__(
        self, note: Note, duration: float, faces: tuple[int, ...], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        event = isinstance(note, EventRecord)
        self.setWindowTitle("Event" if event else "Correction")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(420)
        self._note = note
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(9)
        self.label: QLineEdit | QComboBox
        if isinstance(note, EventRecord):
            self.label = QLineEdit(note.label)
            self.text = QLineEdit(note.note)
            self.text.setAccessibleName("Note")
        else:
            self.label = QComboBox()
            for name in CORRECTIONS:
                self.label.addItem(DISPLAY_NAMES.get(name, name.capitalize()), name)
            if isinstance(note, CorrectionRecord):
                self.label.setCurrentIndex(self.label.findData(note.label))
            self.face = QComboBox()
            self.face.setAccessibleName("Face")
            self.face.addItem("Every face", None)
            for number in faces:
                self.face.addItem(f"Face {number}", number)
            self.face.setCurrentIndex(max(0, self.face.findData(note.face)))
        self.label.setAccessibleName("Label")
        self.onset = _seconds("Begins at", note.onset, duration)
        self.duration = _seconds("Lasts", note.duration, duration)
        form.addRow(PlainLabel("Label"), self.label)
        form.addRow(PlainLabel("Begins at"), self.onset)
        form.addRow(PlainLabel("Lasts"), self.duration)
        if event:
            form.addRow(PlainLabel("Note"), self.text)
        else:
            form.addRow(PlainLabel("Face"), self.face)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept_note)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addWidget(buttons)

    def accept_note(self) -> None:
        """Give the record away and close; a label is asked for first."""
        onset, duration = self.onset.value(), self.duration.value()
        after: Note
        if isinstance(self._note, EventRecord):
            assert isinstance(self.label, QLineEdit)
            label = self.label.text().strip()
            if not label:
                self.label.setFocus()
                return
            after = replace(
                self._note, label=label, onset=onset, duration=duration, note=self.text.text()
            )
        else:
            assert isinstance(self.label, QComboBox)
            face = self.face.currentData()
            after = replace(self._note, onset=onset, duration=duration, face=face)
            if isinstance(after, CorrectionRecord):
                after = replace(after, label=self.label.currentData())
        self.chosen.emit(after)
        self.accept()


def _seconds(name: str, value: float, most: float) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setAccessibleName(name)
    box.setRange(0.0, max(most, value))
    box.setDecimals(3)
    box.setSingleStep(0.1)
    box.setSuffix(" s")
    box.setValue(value)
    return box
