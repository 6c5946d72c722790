"""How far two readings of the same frames agree, and every stretch in which they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHeaderView, QTableWidgetItem, QWidget

from ferdesk.durations import clock
from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.ui.actions import Actions
from ferdesk.ui.paint.plain_text import tooltip
from ferdesk.ui.panels.buttons import icon_button
from ferdesk.ui.panels.list_table import ListTable, list_in_panel
from ferdesk.ui.panels.panel import ElidedLabel, MutedLabel, Panel
from ferdesk.ui.review.opened import Compared

if TYPE_CHECKING:
    from ferdesk.session.compare import Disagreement

_BUTTONS: Final = ("previous_disagreement", "next_disagreement", "compare")
_TIME, _LASTS = 0, 4
_LONGEST_NAME: Final = 14
_SAME_TIME: Final = 1e-3


class ComparisonPanel(Panel):
    """A row per disagreement; a click goes there, a click on "Lasts" puts the longest first."""

    sought = Signal(float)
    comparison_changed = Signal()
    """Another reading is the one compared with: see `chosen`."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__("Compared with", parent)
        self._compared: tuple[Compared, ...] = ()
        self._first = ""
        self.rows: list[Disagreement] = []
        """In the order of the list."""
        self._by_length = False
        self.which = QComboBox()
        self.which.setAccessibleName("Compared with")
        self.which.currentIndexChanged.connect(lambda _index: self._show_chosen())
        self.header.insertWidget(1, self.which)
        for name in _BUTTONS:
            self.header.addWidget(icon_button(actions[name]))
        self.agreement = ElidedLabel()
        self.agreement.setAccessibleName("How far both agree")
        self.nothing = MutedLabel("Both say the same throughout.")
        self.table = _table()
        self.table.horizontalHeader().sectionClicked.connect(self._sort)
        self.table.itemSelectionChanged.connect(self._go)
        self.body.addWidget(self.agreement)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self.table, 1)
        self.setMinimumHeight(118)
        self.hide()

    @property
    def chosen(self) -> Compared | None:
        """The reading that is compared with."""
        index = self.which.currentIndex()
        return self._compared[index] if 0 <= index < len(self._compared) else None

    def show_compared(self, compared: Sequence[Compared], first: str) -> None:
        """Offer these, the newest chosen; `first` is the checkpoint that read the session."""
        self._compared, self._first = tuple(compared), first
        self.which.blockSignals(True)
        self.which.clear()
        self.which.addItems([other.name for other in compared])
        self.which.setCurrentIndex(len(compared) - 1)
        self.which.blockSignals(False)
        self._show_chosen()

    def show_position(self, seconds: float) -> None:
        """Mark the disagreement that lasts at this moment, if one does."""
        here = (
            row for row, d in enumerate(self.rows)
            if d.onset - _SAME_TIME <= seconds <= d.onset + d.duration + _SAME_TIME
        )  # fmt: skip
        row = next(here, -1)
        if row == self.table.currentRow():
            return
        self.table.blockSignals(True)
        self.table.clearSelection()
        self.table.setCurrentCell(row, _TIME if row >= 0 else -1)
        self.table.blockSignals(False)
        if row >= 0:
            self.table.scrollTo(self.table.model().index(row, 0))

    def _show_chosen(self) -> None:
        chosen = self.chosen
        disagreements = chosen.agreement.disagreements if chosen is not None else ()
        self.rows = sorted(disagreements, key=self._key)
        self.agreement.setText(chosen.in_words if chosen is not None else "")
        self.agreement.setToolTip(
            "Labels face by face and frame by frame; the operating point plays no part. κ: "
            "Cohen's kappa, agreement beyond chance."
        )
        self.nothing.setVisible(not self.rows)
        self.table.setVisible(bool(self.rows))
        name = chosen.name if chosen is not None else ""
        # Two versions of one checkpoint may bear one name.
        names = (self._first, name) if name != self._first else ("Read first", "Read again")
        self.table.setHorizontalHeaderLabels(["Time", "Face", *map(_short, names), "Lasts"])
        for column, tip in ((2, self._first), (3, name), (4, "Click: the longest first")):
            head = self.table.horizontalHeaderItem(column)
            if head is not None:
                head.setToolTip(tooltip(tip))
        self._fill()
        self.comparison_changed.emit()

    def _fill(self) -> None:
        self.table.blockSignals(True)
        self.table.clearSelection()
        self.table.setRowCount(len(self.rows))
        for row, d in enumerate(self.rows):
            cells = (
                clock(d.onset, tenths=True), str(d.face), DISPLAY_NAMES[d.first],
                DISPLAY_NAMES[d.second], _lasts(d.duration),
            )  # fmt: skip
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if column == _LASTS:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self.table.setItem(row, column, item)
        faces = {d.face for d in self.rows}
        self.table.setColumnHidden(1, len(faces) < 2)
        self.table.blockSignals(False)

    def _key(self, d: Disagreement) -> tuple[float, float]:
        return (-d.duration, d.onset) if self._by_length else (d.onset, float(d.face))

    def _sort(self, column: int) -> None:
        self._by_length = column == _LASTS
        self.rows.sort(key=self._key)
        self._fill()

    def _go(self) -> None:
        chosen = self.table.selectionModel().selectedRows()
        if chosen:
            self.sought.emit(self.rows[chosen[0].row()].onset)


def _table() -> ListTable:
    titles = ("",) * 5
    table = list_in_panel("Disagreements", titles)
    header = table.horizontalHeader()
    header.show()
    header.setHighlightSections(False)
    header.setSectionsClickable(True)
    fit, wide = QHeaderView.ResizeMode.ResizeToContents, QHeaderView.ResizeMode.Stretch
    table.set_widths(fit, fit, wide, wide, fit)
    return table


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _lasts(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds else "1 reading"
