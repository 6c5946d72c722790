"""A table that is read and chosen from by rows, never typed into."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QWidget


class ListTable(QTableWidget):
    """Without grid and row numbers; Tab leaves it. `titles` of "" hide the line of titles."""

    def __init__(self, name: str, titles: Sequence[str], parent: QWidget | None = None) -> None:
        """`name` is what a screen reader calls it."""
        super().__init__(0, len(titles), parent)
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(titles)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setVisible(any(titles))
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def set_widths(self, *modes: QHeaderView.ResizeMode) -> None:
        """How wide each column is."""
        for column, mode in enumerate(modes):
            self.horizontalHeader().setSectionResizeMode(column, mode)


def list_in_panel(name: str, titles: Sequence[str]) -> ListTable:
    """One row can be chosen at a time, and the panel is the frame."""
    table = ListTable(name, titles)
    table.setFrameShape(QTableWidget.Shape.NoFrame)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    return table
