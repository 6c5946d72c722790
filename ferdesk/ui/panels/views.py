"""The table of the answers: what each points to, and how decided it is."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.ui.paint.overlay import percent
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS, Scheme, current_scheme, font
from ferdesk.ui.state.explanation import SHAPE, VIEWS, Answer, View, answers
from ferdesk.ui.state.shown import Shown

_NAMES: Final = tuple(DISPLAY_NAMES[name] for name in EXPRESSIONS)
VIEW_COLOURS: Final[tuple[QColor | None, ...]] = (
    None,
    QColor("#12A594"),
    QColor("#D6409F"),
    QColor("#B5793A"),
)
"""First guess (text colour), the two checks, both combined. No expression has these."""


class ViewTable(QWidget):
    """One row per answer: name, seven small columns, what it points to, how decided it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = Shown()
        self._rows: tuple[Answer, ...] = ()
        self._views: tuple[View, ...] = VIEWS
        self._tops: list[str] = ["–"] * len(VIEWS)
        self._decided: list[str] = ["–"] * len(VIEWS)
        self.setMinimumSize(QSize(300, 120))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("First guess, checks and final answer")

    def refresh_text(self) -> None:
        """Take over bars, words and numbers of one and the same reading."""
        face, verdict = self.shown.written_face, self.shown.verdict
        self._rows = answers(face) if face is not None else ()
        tops = [_NAMES[row.winner] for row in self._rows]
        if verdict is not None:
            # Not a second opinion: the final answer is what the headline says.
            tops[-1] = verdict.headline
        self._views = tuple(row.view for row in self._rows) or VIEWS
        self._tops = tops or ["–"] * len(VIEWS)
        self._decided = [percent(row.decided) for row in self._rows] or ["–"] * len(VIEWS)
        self.setAccessibleDescription(
            "; ".join(
                f"{view.title}: {top}, {decided} decided"
                for view, top, decided in zip(self._views, self._tops, self._decided, strict=True)
            )
        )
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            row = self._row_at(event.pos().y())
            if row is not None:
                QToolTip.showText(event.globalPos(), self._views[row].tip, self)
                return True
        return super().event(event)

    def _header(self) -> float:
        return self.fontMetrics().height() + 4.0

    def _row_at(self, y: float) -> int | None:
        height = (self.height() - self._header()) / len(self._views)
        row = int((y - self._header()) // height)
        return row if 0 <= row < len(VIEWS) else None

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics, small = self.fontMetrics(), QFontMetricsF(font(0.85))
        bold = QFontMetricsF(font(1.0, bold=True))
        name = max(metrics.horizontalAdvance(view.title) for view in (*VIEWS, SHAPE)) + 20.0
        # The final answer is in bold, and the longest name is Happiness.
        top = max(bold.horizontalAdvance("Happiness"), small.horizontalAdvance("points to")) + 12.0
        number = max(metrics.horizontalAdvance(">99 %"), small.horizontalAdvance("decided")) + 4.0
        share = number if self.width() < 340 else number + min(80.0, self.width() * 0.1)
        columns = QRectF(name, 0, max(50.0, self.width() - name - top - share - 12), self.height())
        points_to = columns.right() + 12
        decided = points_to + top
        header = self._header()
        painter.setFont(font(0.85))
        painter.setPen(QColor(scheme.muted))
        self._paint_heads(painter, columns, header)
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        painter.drawText(QRectF(points_to, 0, top, header), left, "points to")
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        painter.drawText(QRectF(decided, 0, self.width() - decided, header), right, "decided")
        height = (self.height() - header) / len(self._views)
        for index in range(len(self._views)):
            y = header + index * height
            final = index == len(self._views) - 1
            if index:
                painter.setPen(QPen(QColor(scheme.border if final else scheme.track), 1))
                painter.drawLine(0, round(y), self.width(), round(y))
            self._paint_name(painter, scheme, QRectF(0, y, name, height), index)
            row = self._rows[index] if self._rows else None
            cell = QRectF(columns.left(), y + 4, columns.width(), height - 7)
            _paint_columns(painter, scheme, cell, row.distribution if row is not None else None)
            painter.setFont(font(1.0, bold=final))
            painter.setPen(QColor(scheme.text if row is not None else scheme.muted))
            painter.drawText(
                QRectF(points_to, y, top, height),
                int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
                self._tops[index],
            )
            area = QRectF(decided, y, self.width() - decided, height)
            colour = self._colour(index, scheme)
            value = row.decided if row is not None else 0.0
            self._paint_decided(painter, scheme, area, value, self._decided[index], colour)
        painter.end()

    def _colour(self, index: int, scheme: Scheme) -> QColor:
        """That of the curve, where the answer has one."""
        curves = dict(zip(VIEWS, VIEW_COLOURS, strict=False))
        return curves.get(self._views[index]) or QColor(scheme.text)

    def _paint_heads(self, painter: QPainter, columns: QRectF, header: float) -> None:
        """Short names over the small columns, none where they would run together."""
        width, metrics = columns.width() / len(_NAMES), painter.fontMetrics()
        fitting = (
            letters
            for letters in (3, 2)
            if max(metrics.horizontalAdvance(name[:letters]) for name in _NAMES) + 5 <= width
        )
        letters = next(fitting, 0)
        for index, name in enumerate(_NAMES):
            painter.drawText(
                QRectF(columns.left() + index * width - 4, 0, width + 8, header),
                int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop),
                name[:letters],
            )

    def _paint_name(self, painter: QPainter, scheme: Scheme, area: QRectF, index: int) -> None:
        """A mark in the colour of the curve, and the name."""
        if self._views[index] in VIEWS[: len(VIEW_COLOURS)]:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour(index, scheme))
            mark = min(area.height() - 12, 26.0)
            painter.drawRoundedRect(QRectF(0, area.center().y() - mark / 2, 3, mark), 1.5, 1.5)
        painter.setFont(font(1.0, bold=index == len(self._views) - 1))
        painter.setPen(QColor(scheme.text))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(area.adjusted(10, 0, 0, 0), flags, self._views[index].title)

    def _paint_decided(
        self,
        painter: QPainter,
        scheme: Scheme,
        area: QRectF,
        share: float,
        text: str,
        colour: QColor,
    ) -> None:
        """A bar and its value."""
        painter.setFont(font(1.0, digits=True))
        number = painter.fontMetrics().horizontalAdvance(">99 %") + 8.0
        painter.setPen(QColor(scheme.text if self._rows else scheme.muted))
        painter.drawText(
            area, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text
        )
        if area.width() <= number + 8:
            return
        bar = QRectF(area.left(), area.center().y() - 3.5, area.width() - number, 7)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.track))
        painter.drawRoundedRect(bar, 3.5, 3.5)
        if self._rows:
            bar.setWidth(max(bar.width() * share, 3.0))
            painter.setBrush(colour)
            painter.drawRoundedRect(bar, 3.5, 3.5)


def _paint_columns(
    painter: QPainter, scheme: Scheme, area: QRectF, values: NDArray[np.float32] | None
) -> None:
    """Seven upright columns on a common base line; the highest has an outline."""
    slot = area.width() / len(_NAMES)
    thick = min(18.0, slot * 0.7)
    painter.setPen(Qt.PenStyle.NoPen)
    best = int(values.argmax()) if values is not None else -1
    for index in range(len(_NAMES)):
        x = area.left() + slot * (index + 0.5) - thick / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.track))
        painter.drawRect(QRectF(x, area.bottom() - 1.5, thick, 1.5))
        if values is None:
            continue
        height = max(1.5, area.height() * float(values[index]))
        column = QRectF(x, area.bottom() - height, thick, height)
        painter.setBrush(EXPRESSION_QCOLORS[index])
        if index == best:
            painter.setPen(QPen(QColor(scheme.text), 1.3))
        painter.drawRect(column)
