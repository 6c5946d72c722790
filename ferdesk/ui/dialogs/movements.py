"""All 52 face movements of the selected face in a table that stays up to date."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.movement_bars import scores_of
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.state.shown import Shown
from ferdesk.vision.blendshapes import BLENDSHAPES, MOVEMENT_GROUPS, MOVEMENTS

COLUMNS: Final = ("Movement", "Score", "MediaPipe's name", "Nearest action unit of FACS")
_SCORE: Final = COLUMNS.index("Score")
_ABOUT: Final = (
    "Scores from 0 to 1, estimated from the landmarks by MediaPipe's face blendshape model; the "
    "names are those of Apple's ARKit. Left and right are the person's own. They are not action "
    "units: no certified coder has rated them, and ferdesk has not measured how exact they are. "
    "The last column names the action unit that is nearest in meaning."
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
        self.resize(720, 620)
        self.about = MutedLabel(_ABOUT)
        self.about.setWordWrap(True)
        self.table = QTableWidget(len(_ORDER), len(COLUMNS))
        self.table.setHorizontalHeaderLabels(COLUMNS)
        self.table.setAccessibleName("All face movements")
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        for row, index in enumerate(_ORDER):
            movement = MOVEMENTS[index]
            texts = (movement.plain, "0.00", movement.name, movement.action_unit or "none")
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column == _SCORE:
                    item.setFont(font(1.0, digits=True))
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.table.setItem(row, column, item)
        header.setSectionResizeMode(_SCORE, QHeaderView.ResizeMode.Fixed)
        self.table.setColumnWidth(_SCORE, 72)
        self.table.setStyleSheet("QTableWidget::item { padding: 0 10px; }")
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
        for row, index in enumerate(_ORDER):
            item = self.table.item(row, _SCORE)
            if item is not None:
                item.setText("–" if scores is None else f"{scores[index]:.2f}")
        which = f": {shown.which}" if shown.which else ""
        self.setWindowTitle(f"Face movements{which}")
