"""What is written in the video panel: empty states, veil, pills. Pure painting."""

from __future__ import annotations

import math
import time
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath

from ferdesk.ui.paint.icons import draw_icon
from ferdesk.ui.paint.theme import VIDEO_MUTED, VIDEO_TEXT, font

_RADIUS: Final = 8.0


def paint_message(painter: QPainter, area: QRectF, heading: str, hint: str, busy: bool) -> None:
    """The empty state: icon or moving dots, one line, a hint."""
    middle = area.center()
    if busy:
        now = time.perf_counter()
        for index in range(3):
            phase = (math.sin(now * 4.0 - index * 0.9) + 1) / 2
            colour = QColor(VIDEO_TEXT)
            colour.setAlphaF(0.25 + 0.7 * phase)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawEllipse(middle + QPointF((index - 1) * 18, -46), 4.5, 4.5)
    else:
        spot = QRectF(middle.x() - 24, middle.y() - 84, 48, 48)
        draw_icon(painter, "camera", spot, VIDEO_MUTED)
    paint_lines(painter, area, heading, hint)


def paint_lines(painter: QPainter, area: QRectF, heading: str, hint: str) -> None:
    """A heading in the middle of `area` and a smaller line beneath it, centred and wrapped."""
    middle = area.center()
    width = min(area.width() - 40.0, 560.0)
    flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop) | int(
        Qt.TextFlag.TextWordWrap
    )
    painter.setFont(font(1.35, bold=True))
    painter.setPen(VIDEO_TEXT)
    lines = QRectF(middle.x() - width / 2, middle.y() - 22, width, 200)
    used = painter.boundingRect(lines, flags, heading)
    painter.drawText(lines, flags, heading)
    painter.setFont(font(1.05))
    painter.setPen(VIDEO_MUTED)
    painter.drawText(lines.translated(0, used.height() + 8), flags, hint)


def paint_pill(painter: QPainter, text: str, area: QRectF, bottom: float) -> float:
    """A rounded line of text, centred in `area`; returns its top. Shortened where it is narrow."""
    painter.setFont(font(1.0))
    metrics = painter.fontMetrics()
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()) - 60)
    height = metrics.height() * 1.7
    width = metrics.horizontalAdvance(text) + height
    pill = QRectF(area.center().x() - width / 2, bottom - height, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(14, 16, 19, 205))
    painter.drawRoundedRect(pill, height / 2, height / 2)
    painter.setPen(VIDEO_TEXT)
    painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), text)
    return pill.top()


def paint_corners(painter: QPainter, area: QRectF, ground: QBrush) -> None:
    """Round the corners with the colour around: far cheaper than clipping a picture to a path."""
    corner = QPainterPath()
    corner.lineTo(_RADIUS, 0)
    corner.arcTo(QRectF(0, 0, 2 * _RADIUS, 2 * _RADIUS), 90, 90)
    corner.closeSubpath()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    for spot, turn in (
        (area.topLeft(), 0),
        (area.topRight(), 90),
        (area.bottomRight(), 180),
        (area.bottomLeft(), 270),
    ):
        painter.save()
        painter.translate(spot)
        painter.rotate(turn)
        painter.drawPath(corner)
        painter.restore()
