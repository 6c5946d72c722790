"""Hatched stretches of a plot in which the label was withheld."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from ferdesk.pipeline.types import UNSURE
from ferdesk.ui.paint.theme import Scheme, font

_NARROWEST: Final = 3.0
"""Pixels: a single reading must be seen, too."""


def runs(x: NDArray[np.float64], marked: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """(begin, end) of the stretches of (N,) ascending `x` that are marked.

    A stretch lasts until the next reading, whatever that says.
    """
    edges = np.diff(marked.astype(np.int8), prepend=0, append=0)
    begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    # The last reading has none after it.
    begin_at, end_at = x[begins].tolist(), x[np.minimum(ends, len(x) - 1)].tolist()
    return list(zip(begin_at, end_at, strict=True))


class Bands(pg.GraphicsObject):
    """Drawn over the full height of the plot, behind its curves; a handful of rectangles."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[tuple[float, float]] = []
        self._hatch = self._ground = self._ink = QColor()
        self.setZValue(-5)

    def show_runs(self, stretches: list[tuple[float, float]]) -> None:
        """Draw these (begin, end) from now on."""
        if stretches != self.runs:
            self.prepareGeometryChange()
            self.runs = stretches
            self.update()

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self._hatch, self._ground, self._ink = (QColor(scheme.muted) for _ in range(3))
        self._hatch.setAlpha(95)
        self._ground.setAlpha(26)
        self.update()

    def boundingRect(self) -> QRectF:
        if not self.runs:
            return QRectF()
        return QRectF(self.runs[0][0] - 1, 0.0, self.runs[-1][1] - self.runs[0][0] + 2, 1.0)

    def paint(self, painter: QPainter, *_: Any) -> None:
        to_device = painter.transform()
        painter.save()
        # In pixels, or the scale of the plot would be applied to the hatch.
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(font(0.85))
        room = painter.fontMetrics().horizontalAdvance(UNSURE) + 8
        hatch = QBrush(self._hatch, Qt.BrushStyle.BDiagPattern)
        for begin, end in self.runs:
            area = to_device.mapRect(QRectF(begin, 0.0, end - begin, 1.0))
            if area.width() < _NARROWEST:
                area.setWidth(_NARROWEST)
            painter.fillRect(area, self._ground)
            painter.fillRect(area, hatch)
            if area.width() >= room:
                painter.setPen(self._ink)
                top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
                painter.drawText(area.adjusted(0, 1, 0, 0), int(top), UNSURE)
        painter.restore()
