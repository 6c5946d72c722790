"""All 52 face movements of the selected face in a table that stays up to date."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.list_table import ListTable
from ferdesk.ui.panels.movement_bars import scores_of
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.state.change_words import signed
from ferdesk.ui.state.shown import Shown
from ferdesk.vision.blendshapes import BLENDSHAPES, MOVEMENT_GROUPS, MOVEMENTS

COLUMNS: Final = ("Movement", "Score", "Change", "MediaPipe's name", "Nearest action unit of FACS")
_SCORE: Final = COLUMNS.index("Score")
_CHANGE: Final = COLUMNS.index("Change")
_ABOUT: Final = (
    "Scores from 0 to 1, estimated from the landmarks by MediaPipe's face blendshape model; the "
    "names are those of Apple's ARKit. Left and right are the person's own. They are not action "
    "units: no certified coder has rated them, and ferdesk has not measured how exact they are. "
    "The last column names the action unit that is nearest in meaning. Change is the difference to "
    "the neutral baseline of the face, where it has one (N)."
)
_ORDER: Final = (
    *(member for group in MOVEMENT_GROUPS for member in group.members),
    BLENDSHAPES.index("_neutral"),
)
"""From brow to chin."""


class MovementsDialog(QDialog):
    """Stays open beside the window and follows the face that the panels are about."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Face movements")
        self.resize(860, 640)
        self.about = MutedLabel(_ABOUT)
        self.about.setWordWrap(True)
        self.table = ListTable("All face movements", COLUMNS)
        self.table.setRowCount(len(_ORDER))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        for row, index in enumerate(_ORDER):
            movement = MOVEMENTS[index]
            texts = (movement.plain, "0.00", "–", movement.name, movement.action_unit or "none")
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column in (_SCORE, _CHANGE):
                    item.setFont(font(1.0, digits=True))
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.table.setItem(row, column, item)
        for column in (_SCORE, _CHANGE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.table.setColumnWidth(column, 76)
        self.table.setStyleSheet("QTableWidget::item { padding: 0 5px; }")
        self.table.setCurrentCell(-1, -1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addWidget(self.about)
        layout.addWidget(self.table, 1)
        layout.addWidget(buttons)

    def show_numbers(self, shown: Shown) -> None:
        """The scores of the selected face; called a few times a second."""
        if not self.isVisible():
            return
        scores = scores_of(shown, written=True)
        face = shown.written_face
        change = face.change if face is not None else None
        for row, index in enumerate(_ORDER):
            score, by = self.table.item(row, _SCORE), self.table.item(row, _CHANGE)
            if score is not None and by is not None:
                score.setText("–" if scores is None else f"{scores[index]:.2f}")
                by.setText("–" if change is None else signed(float(change.blendshapes[index])))
        which = f": {shown.which}" if shown.which else ""
        self.setWindowTitle(f"Face movements{which}")
