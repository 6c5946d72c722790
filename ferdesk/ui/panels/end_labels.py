"""Names at the right end of the curves of a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ferdesk.ui.paint.theme import font

if TYPE_CHECKING:
    from ferdesk.ui.panels.plot import TimePlot

_GAP_PX: Final = 2


class EndLabels(QWidget):
    """Names at the right end of the curves, moved apart where they would overlap."""

    def __init__(self, plot: TimePlot, names: tuple[str, ...]) -> None:
        super().__init__(plot)
        self._plot = plot
        self._names = names
        self.setFont(font(0.85))
        self.ensurePolished()
        width = max(self.fontMetrics().horizontalAdvance(name) for name in names)
        self.setFixedWidth(width + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        values = self._plot.last_values()
        rows = sorted(
            (self._plot.height_of(value), index)
            for index, value in enumerate(values)
            if not np.isnan(value)
        )
        if not rows:
            return
        line = self.fontMetrics().height() + _GAP_PX - 3
        tops = [y - line / 2 for y, _ in rows]
        for i in range(1, len(tops)):
            tops[i] = max(tops[i], tops[i - 1] + line)
        # Push back up what was pushed out at the bottom.
        limit = self._plot.height_of(0.0) + line / 2
        for i in reversed(range(len(tops))):
            tops[i] = min(tops[i], limit - line * (len(tops) - i))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for top, (_, index) in zip(tops, rows, strict=True):
            painter.setPen(QPen(self._plot.colour(index)))
            painter.drawText(
                QRectF(0, top, self.width(), line),
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
                self._names[index],
            )
        painter.end()
