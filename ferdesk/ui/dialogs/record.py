"""What to know before a recording begins: whom, where to, what is kept, the event keys."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.state.recording_plan import KEYS, RecordingPlan

CONSENT = (
    "The pictures show the faces of people: keep them only if everybody in view has agreed to it. "
    "Faces that you correct are kept as small pictures among the numbers, too."
)


class RecordDialog(QDialog):
    """Starts from a plan and gives back another one."""

    chosen = Signal(object)
    """Carries the RecordingPlan to record by."""

    def __init__(self, plan: RecordingPlan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Record")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self.participant = _line(
            "Participant",
            "becomes part of the folder's name",
            plan.participant,
        )
        self.note = _line("Note", "free text that stays with the session", plan.note)
        self.folder = _line("Folder", "", str(plan.folder))
        choose = QPushButton("Choose…")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(choose)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(9)
        form.addRow(PlainLabel("Participant"), self.participant)
        form.addRow(PlainLabel("Note"), self.note)
        form.addRow(PlainLabel("Folder"), where)
        self.landmarks = QCheckBox("Keep the landmarks of each face (no picture)")
        self.landmarks.setChecked(plan.landmarks)
        self.video = QCheckBox("Keep video")
        self.video.setChecked(plan.video)
        consent = MutedLabel(CONSENT)
        consent.setWordWrap(True)
        consent.setContentsMargins(24, 0, 0, 0)
        kept = QVBoxLayout()
        kept.setSpacing(6)
        for widget in (self.landmarks, self.video, consent):
            kept.addWidget(widget)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        start = buttons.addButton("Record", QDialogButtonBox.ButtonRole.AcceptRole)
        start.setDefault(True)
        buttons.accepted.connect(self.accept_plan)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(14)
        layout.addLayout(form)
        layout.addLayout(kept)
        layout.addWidget(_heading("Event keys"))
        layout.addLayout(self._event_keys(plan))
        layout.addWidget(MutedLabel("The key M always marks an event called “mark”."))
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.participant.setFocus()

    def plan(self) -> RecordingPlan:
        """What the dialog says."""
        return RecordingPlan(
            folder=Path(self.folder.text().strip()).expanduser(),
            participant=self.participant.text().strip(),
            note=self.note.text().strip(),
            video=self.video.isChecked(),
            landmarks=self.landmarks.isChecked(),
            keys=tuple(key.text().strip() for key in self.keys),
        )

    def _event_keys(self, plan: RecordingPlan) -> QGridLayout:
        self.keys: list[QLineEdit] = []
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        for index in range(KEYS):
            key = _line(f"Label of key {index + 1}", "", plan.label(index + 1))
            key.setMaxLength(60)
            self.keys.append(key)
            row, column = index % 3, index // 3
            grid.addWidget(PlainLabel(str(index + 1)), row, 2 * column)
            grid.addWidget(key, row, 2 * column + 1)
        return grid

    def _choose(self) -> None:
        dialog = QFileDialog(self, "Folder for sessions", self.folder.text())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()

    def accept_plan(self) -> None:
        """Give the plan away and close; an empty folder is asked for first."""
        if not self.folder.text().strip():
            self.folder.setFocus()
            return
        self.chosen.emit(self.plan())
        self.accept()


def _line(name: str, hint: str, text: str) -> QLineEdit:
    line = QLineEdit(text)
    line.setAccessibleName(name)
    line.setPlaceholderText(hint)
    return line


def _heading(text: str) -> PlainLabel:
    label = PlainLabel(text)
    label.setFont(font(1.0, bold=True))
    return label
