"""What of a session to write, and for which face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.panels.panel import MutedLabel


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One way to write a session."""

    name: str
    title: str
    explanation: str
    suffix: str
    """Of the file; "" for a folder."""
    per_face: bool = True


KINDS: Final = (
    ExportKind("csv", "Table (CSV)", "One row per face and reading; opens everywhere.", ".csv"),
    ExportKind(
        "tsv", "BIDS-style tables (TSV)",
        "Events and readings, with JSON files that explain each column and unit.", "",
    ),
    ExportKind("parquet", "Table (Parquet)", "For pandas, R, DuckDB; needs pyarrow.", ".parquet"),
    ExportKind(
        "corrections", "Corrections as a data set",
        "Aligned crops, labels and landmarks for the trainer, where pictures were kept.", "",
        per_face=False,
    ),
)  # fmt: skip


class ExportDialog(QDialog):
    """The kind and the face; where to is asked afterwards."""

    chosen = Signal(object, object)
    """Carries the `ExportKind` and the face id, or None for all."""

    def __init__(self, faces: tuple[int, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(4)
        self.group = QButtonGroup(self)
        for index, kind in enumerate(KINDS):
            button = QRadioButton(kind.title)
            button.setChecked(index == 0)
            self.group.addButton(button, index)
            hint = MutedLabel(kind.explanation)
            hint.setWordWrap(True)
            hint.setContentsMargins(24, 0, 0, 8)
            layout.addWidget(button)
            layout.addWidget(hint)
        self.face = QComboBox()
        self.face.setAccessibleName("Face")
        self.face.addItem("All faces", None)
        for face in faces:
            self.face.addItem(f"Face {face} alone", face)
        row = QHBoxLayout()
        row.addWidget(PlainLabel("Faces"))
        row.addWidget(self.face, 1)
        layout.addLayout(row)
        layout.addSpacing(12)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton("Choose where…", QDialogButtonBox.ButtonRole.AcceptRole)
        go.setDefault(True)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.group.idToggled.connect(
            lambda index, on: self.face.setEnabled(KINDS[index].per_face) if on else None
        )

    def _accept(self) -> None:
        kind = KINDS[self.group.checkedId()]
        self.chosen.emit(kind, self.face.currentData() if kind.per_face else None)
        self.accept()
