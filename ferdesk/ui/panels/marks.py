"""Events on a plot: a thin line each, with its label at the foot."""

from __future__ import annotations

from typing import Any, Final

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from ferdesk.ui.paint.theme import Scheme, font

_LONGEST: Final = 18


class Marks(pg.GraphicsObject):
    """Drawn over the full height of the plot, in front of its curves."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[tuple[float, str]] = []
        self._ink, self._ground = QColor(), QColor()
        self.setZValue(5)

    def show_marks(self, marks: list[tuple[float, str]]) -> None:
        """Draw these (x, label) from now on."""
        if marks != self.marks:
            self.prepareGeometryChange()
            self.marks = marks
            self.update()

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self._ink, self._ground = QColor(scheme.text), QColor(scheme.card)
        self._ground.setAlpha(210)
        self.update()

    def boundingRect(self) -> QRectF:
        if not self.marks:
            return QRectF()
        first, last = min(x for x, _ in self.marks), max(x for x, _ in self.marks)
        return QRectF(first - 1, 0.0, last - first + 30, 1.0)

    def paint(self, painter: QPainter, *_: Any) -> None:
        to_device = painter.transform()
        painter.save()
        # In pixels, or the scale of the plot would be applied to the text.
        painter.resetTransform()
        painter.setFont(font(0.85))
        metrics = painter.fontMetrics()
        for x, label in self.marks:
            top, foot = to_device.map(QPointF(x, 1.0)), to_device.map(QPointF(x, 0.0))
            painter.setPen(QPen(self._ink, 1))
            painter.drawLine(QLineF(top, foot))
            painter.setBrush(self._ink)
            flag = [top, top + QPointF(8, 3.5), top + QPointF(0, 7)]
            painter.drawPolygon(QPolygonF(flag))
            text = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
            area = QRectF(
                foot.x() + 3, foot.y() - metrics.height() - 1,
                metrics.horizontalAdvance(text) + 4, metrics.height(),
            )  # fmt: skip
            painter.fillRect(area, self._ground)
            painter.drawText(area.translated(2, 0).topLeft() + QPointF(0, metrics.ascent()), text)
        painter.restore()
