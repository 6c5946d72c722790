"""The table of the five views: who said what, and how surely."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.pipeline.types import FaceReading
from ferdesk.ui.paint.overlay import percent
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS, Scheme, current_scheme, font
from ferdesk.ui.state.explanation import VIEWS, sureness

_NAMES: Final = tuple(DISPLAY_NAMES[name] for name in EXPRESSIONS)
VIEW_COLOURS: Final[tuple[QColor | None, ...]] = (
    None,
    QColor("#12A594"),
    QColor("#D6409F"),
    QColor("#B5793A"),
)
"""First guess (text colour), nearest examples, parts of the face, both. No expression has these."""


class ViewTable(QWidget):
    """One row a view: name, seven small columns, the expression it points to, its sureness."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.face: FaceReading | None = None
        self._tops: list[str] = ["–"] * len(VIEWS)
        self._rows: list[tuple[NDArray[np.float32], float]] = []
        self._sure: list[str] = ["–"] * len(VIEWS)
        self.setMinimumSize(QSize(300, 120))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("First guess, corrections and final answer")

    def rows(self) -> list[tuple[NDArray[np.float32], float]]:
        """Distribution and sureness of every view; empty without a face."""
        if self.face is None:
            return []
        a, final = self.face.purified, self.face.calibrated
        return [
            (a.p, float(a.c_p)),
            (a.t_g, float(a.c_g)),
            (a.t_a, float(a.c_a)),
            (a.t, float(a.c_t)),
            (final, sureness(final)),
        ]

    def refresh_text(self) -> None:
        """Take over the words and numbers of the face shown now."""
        rows = self.rows()
        # Bars, words and numbers are always those of one reading.
        self._tops = [_NAMES[int(q.argmax())] for q, _ in rows] or ["–"] * len(VIEWS)
        self._sure = [percent(sure) for _, sure in rows] or ["–"] * len(VIEWS)
        self._rows = rows
        self.setAccessibleDescription(
            "; ".join(
                f"{view.title}: {top}, {sure} sure"
                for view, top, sure in zip(VIEWS, self._tops, self._sure, strict=True)
            )
        )
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            row = self._row_at(event.pos().y())
            if row is not None:
                QToolTip.showText(event.globalPos(), VIEWS[row].tip, self)
                return True
        return super().event(event)

    def _header(self) -> float:
        return self.fontMetrics().height() + 4.0

    def _row_at(self, y: float) -> int | None:
        height = (self.height() - self._header()) / len(VIEWS)
        row = int((y - self._header()) // height)
        return row if 0 <= row < len(VIEWS) else None

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        name = max(metrics.horizontalAdvance(view.title) for view in VIEWS) + 20.0
        # The final answer is in bold, and the longest name is Happiness.
        top = QFontMetricsF(font(1.0, bold=True)).horizontalAdvance("Happiness") + 14.0
        number = metrics.horizontalAdvance(">99 %") + 4.0
        sure = number if self.width() < 340 else number + min(80.0, self.width() * 0.1)
        columns = QRectF(name, 0, max(50.0, self.width() - name - top - sure - 20), self.height())
        points_to = columns.right() + 12
        is_sure = points_to + top
        header = self._header()
        painter.setFont(font(0.85))
        painter.setPen(QColor(scheme.muted))
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._paint_initials(painter, columns, header)
        painter.setPen(QColor(scheme.muted))
        painter.drawText(QRectF(points_to, 0, top, header), left, "points to")
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        painter.drawText(
            QRectF(is_sure - 40, 0, self.width() - is_sure + 40, header), right, "sure"
        )
        height = (self.height() - header) / len(VIEWS)
        rows = self._rows
        for index in range(len(VIEWS)):
            y = header + index * height
            final = index == len(VIEWS) - 1
            if index:
                painter.setPen(QPen(QColor(scheme.border if final else scheme.track), 1))
                painter.drawLine(0, round(y), self.width(), round(y))
            self._paint_name(painter, scheme, QRectF(0, y, name, height), index)
            values, share = rows[index] if rows else (None, 0.0)
            cell = QRectF(columns.left(), y + 4, columns.width(), height - 7)
            _paint_columns(painter, scheme, cell, values)
            painter.setFont(font(1.0, bold=final))
            painter.setPen(QColor(scheme.text if rows else scheme.muted))
            painter.drawText(
                QRectF(points_to, y, top, height),
                int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
                self._tops[index],
            )
            area = QRectF(is_sure, y, self.width() - is_sure, height)
            colour = QColor(scheme.text) if final else _view_colour(index, scheme)
            self._paint_sure(painter, scheme, area, share, self._sure[index], colour)
        painter.end()

    def _paint_initials(self, painter: QPainter, columns: QRectF, header: float) -> None:
        """Short names over the small columns."""
        width = columns.width() / len(_NAMES)
        room = max(painter.fontMetrics().horizontalAdvance(name[:3]) for name in _NAMES) + 2
        letters = 3 if width >= room else 1 if width < room * 0.7 else 2
        for index, name in enumerate(_NAMES):
            painter.drawText(
                QRectF(columns.left() + index * width - 4, 0, width + 8, header),
                int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop),
                name[:letters],
            )

    def _paint_name(self, painter: QPainter, scheme: Scheme, area: QRectF, index: int) -> None:
        """A mark in the colour of the curve, the name, the paper's symbol in small print."""
        view = VIEWS[index]
        if index < len(VIEW_COLOURS):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_view_colour(index, scheme))
            mark = min(area.height() - 12, 26.0)
            painter.drawRoundedRect(QRectF(0, area.center().y() - mark / 2, 3, mark), 1.5, 1.5)
        painter.setFont(font(1.0, bold=index == len(VIEWS) - 1))
        name_height = painter.fontMetrics().height()
        painter.setFont(font(0.8))
        small = painter.fontMetrics().height()
        both = area.height() >= name_height + small
        # Whole pixels, or the underscores of the symbols fall between two rows.
        top = round(area.center().y() - (name_height + (small if both else 0)) / 2)
        painter.setFont(font(1.0, bold=index == len(VIEWS) - 1))
        painter.setPen(QColor(scheme.text))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(10, top, area.width() - 10, name_height), flags, view.title)
        if both:
            painter.setFont(font(0.8))
            painter.setPen(QColor(scheme.muted))
            text = f"{view.symbol}, {view.confidence_symbol}"
            if index == len(VIEWS) - 1:
                text = view.symbol
            # The underscores hang below the line of some fonts.
            line = QRectF(10, top + name_height, area.width() - 10, small)
            painter.drawText(line, flags | int(Qt.TextFlag.TextDontClip), text)

    def _paint_sure(
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
        number = painter.fontMetrics().horizontalAdvance(">99 %") + 4.0
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


def _view_colour(index: int, scheme: Scheme) -> QColor:
    return VIEW_COLOURS[index] or QColor(scheme.text)


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
