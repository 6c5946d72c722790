"""The strongest face movements as bars: one row each, the person's left above the right."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferdesk.ui.paint.theme import Scheme, current_scheme, font
from ferdesk.ui.state.change_words import signed
from ferdesk.ui.state.shown import NO_FACE, Shown
from ferdesk.ui.state.strongest import StrongestMovements
from ferdesk.vision.blendshapes import BLENDSHAPES, MOVEMENT_GROUPS, MOVEMENTS

WAITING: Final = "The movements appear here as soon as a face is in view."
NOT_KEPT: Final = "Face movements were not kept in this session."
_FEWEST, _MOST = 3, 10
_ROW: Final = 25.0
"""Pixels that a row would like to have."""


class MovementBars(QWidget):
    """Bars follow every reading; numbers and the choice of rows change slowly enough to be read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = Shown()
        self.groups: list[int] = []
        """What the rows show, from the top: positions in `MOVEMENT_GROUPS`."""
        self._numbers: dict[int, str] = {}
        self._strongest = StrongestMovements()
        self._from_baseline = False
        self.setMinimumSize(QSize(260, 84))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Strongest face movements")

    @property
    def rows(self) -> int:
        """How many rows there is room for."""
        return min(_MOST, max(_FEWEST, int(self.height() // _ROW)))

    def present(self, shown: Shown) -> None:
        """Take this; every reading counts for the choice of the rows."""
        before, self.shown = self.shown.reading, shown
        scores, reading = scores_of(shown), shown.reading
        if scores is None or reading is None or shown.selected is None:
            if reading is None:
                self._strongest.forget()
                self.groups = []
            return
        if reading.frame.still:
            self._strongest.forget()
        if reading is not before or len(self.groups) != self.rows:
            at = reading.frame.captured_at
            change = shown.face.change if shown.face is not None else None
            if (change is not None) is not self._from_baseline:
                # Strength means something else now.
                self._from_baseline = change is not None
                self._strongest.forget()
            if change is not None:
                scores = change.blendshapes
            self.groups = self._strongest.update(at, shown.selected, scores, self.rows)

    def refresh_text(self) -> None:
        """Take over the numbers of the reading whose words are shown."""
        scores = scores_of(self.shown, written=True)
        self._numbers = {}
        if scores is not None:
            face = self.shown.written_face
            change = face.change if face is not None else None
            for index, group in enumerate(MOVEMENT_GROUPS):
                if change is None:
                    self._numbers[index] = "  ".join(f"{scores[i]:.2f}" for i in group.members)
                else:
                    # Of the side that changed more.
                    most = max(group.members, key=lambda i: abs(change.blendshapes[i]))
                    by = signed(float(change.blendshapes[most]))
                    self._numbers[index] = f"{scores[most]:.2f}  {by}"
        spoken = (f"{MOVEMENT_GROUPS[i].plain} {self._numbers.get(i, '')}" for i in self.groups)
        self.setAccessibleDescription(", ".join(spoken) if scores is not None else self._empty())
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            row = int(event.pos().y() // (self.height() / max(len(self.groups), 1)))
            if row < len(self.groups):
                QToolTip.showText(event.globalPos(), _tip(self.groups[row]), self)
                return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scores = scores_of(self.shown)
        if scores is None or not self.groups:
            painter.setPen(QColor(scheme.muted))
            wrapped = int(Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(QRectF(self.rect()), wrapped, self._empty())
            painter.end()
            return
        metrics = QFontMetricsF(font())
        right = QFontMetricsF(font(0.92, digits=True)).horizontalAdvance("0.00  +0.00") + 12
        widest = max(metrics.horizontalAdvance(group.plain) for group in MOVEMENT_GROUPS) + 12
        left = min(widest, (self.width() - right) * 0.6)
        height = self.height() / len(self.groups)
        for row, index in enumerate(self.groups):
            area = QRectF(0, row * height, self.width(), height)
            self._paint_row(painter, scheme, area, left, right, index, scores)
        painter.end()

    def _paint_row(
        self, painter: QPainter, scheme: Scheme, area: QRectF, left: float, right: float,
        index: int, scores: NDArray[np.float32],
    ) -> None:  # fmt: skip
        group = MOVEMENT_GROUPS[index]
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font())
        painter.setPen(QColor(scheme.text))
        name = painter.fontMetrics().elidedText(
            group.plain, Qt.TextElideMode.ElideRight, round(left - 10)
        )
        name_area = QRectF(area.left(), area.top(), left, area.height())
        painter.drawText(name_area, int(middle | Qt.AlignmentFlag.AlignLeft), name)
        painter.setFont(font(0.92, digits=True))
        painter.setPen(QColor(scheme.muted))
        number = QRectF(area.right() - right, area.top(), right, area.height())
        painter.drawText(
            number, int(middle | Qt.AlignmentFlag.AlignRight), self._numbers.get(index, "–")
        )
        sides = len(group.members)
        thick = min(9.0 if sides == 1 else 5.5, area.height() * 0.6 / sides)
        top = area.center().y() - (thick * sides + 2 * (sides - 1)) / 2
        painter.setPen(Qt.PenStyle.NoPen)
        change = self.shown.face.change if self.shown.face is not None else None
        for member in group.members:
            track = QRectF(area.left() + left, top, area.width() - left - right, thick)
            painter.setBrush(QColor(scheme.track))
            painter.drawRoundedRect(track, thick / 2, thick / 2)
            track.setWidth(max(track.width() * float(scores[member]), thick))
            painter.setBrush(QColor(scheme.accent))
            painter.drawRoundedRect(track, thick / 2, thick / 2)
            if change is not None:
                rest = min(1.0, max(0.0, float(scores[member] - change.blendshapes[member])))
                at = area.left() + left + (area.width() - left - right) * rest
                painter.setPen(QPen(QColor(scheme.text), 1.5))
                painter.drawLine(QLineF(at, top - 1, at, top + thick + 1))
                painter.setPen(Qt.PenStyle.NoPen)
            top += thick + 2

    def _empty(self) -> str:
        """Why there are no bars."""
        if self.shown.reading is None:
            return WAITING
        return NO_FACE if self.shown.face is None else NOT_KEPT


def scores_of(shown: Shown, *, written: bool = False) -> NDArray[np.float32] | None:
    """(52,) of the selected face; None without one, and where its scores are not known."""
    face = shown.written_face if written else shown.face
    if face is None:
        return None
    scores = face.landmarks.blendshapes
    known = len(scores) == len(BLENDSHAPES) and not np.isnan(scores[0])
    return scores if known else None


def _tip(index: int) -> str:
    """What a row shows, with the names that other programs use."""
    group = MOVEMENT_GROUPS[index]
    names = " and ".join(MOVEMENTS[i].name for i in group.members)
    sides = (
        "\nUpper bar: the person's own left; lower bar: right." if len(group.members) > 1 else ""
    )
    unit = f"\nNearest action unit of FACS: {group.action_unit}." if group.action_unit else ""
    return f"{group.plain}: {names}, 0 to 1.{sides}{unit}"
