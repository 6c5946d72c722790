"""How a ribbon is drawn. Pure functions on a QPainter and one value for the geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from ferdesk.durations import clock
from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.pipeline.types import UNSURE
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS, Scheme, font
from ferdesk.ui.state.played_history import longest_step
from ferdesk.ui.state.stretch import Stretch, same_label

if TYPE_CHECKING:
    from ferdesk.session.lanes import Lane
    from ferdesk.session.records import CorrectionRecord, EventRecord

Stretches = tuple[tuple[float, float], ...]
"""(first, last) seconds of what was read of a video."""
_TOP: Final = 12.0
_LANE: Final = 20.0
_GAP: Final = 4.0
_RIGHT: Final = 10.0
_STRIP: Final = 5.0
"""Height of a correction at the foot of its lane."""
_TICKS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class RibbonLayout:
    """From seconds and lanes to places in the widget."""

    area: QRectF
    left: float
    line: float
    lanes: int
    first: float
    last: float

    @staticmethod
    def height_for(lanes: int, line: float) -> float:
        """What so many lanes with their captions need."""
        return _TOP + lanes * (_LANE + _GAP) + 2 * line + 2

    def x(self, seconds: float) -> float:
        """Where that moment lies."""
        return self.left + (seconds - self.first) / (self.last - self.first) * self.width

    @property
    def width(self) -> float:
        """Of the lanes."""
        return max(1.0, self.area.width() - self.left - _RIGHT)

    def seconds(self, x: float) -> float:
        """The moment at `x`, within the view."""
        share = min(max((x - self.left) / self.width, 0.0), 1.0)
        return self.first + share * (self.last - self.first)

    def lane(self, index: int) -> QRectF:
        """The lane of that number."""
        return QRectF(self.left, _TOP + index * (_LANE + _GAP), self.width, _LANE)

    @property
    def foot(self) -> float:
        """Below the last lane."""
        return _TOP + self.lanes * (_LANE + _GAP)

    def lane_at(self, y: float) -> int | None:
        """Which lane lies at that height."""
        index = int((y - _TOP) // (_LANE + _GAP))
        return index if 0 <= index < self.lanes else None

    def answer(self, lane: Lane, at: float) -> str:
        """What was said at that moment, in words."""
        if not len(lane.times):
            return "no face"
        index = _nearest(lane, np.array([at]))[0]
        if index < 0:
            return "no face"
        name = DISPLAY_NAMES[EXPRESSIONS[int(lane.labels[index])]]
        return UNSURE.capitalize() if lane.unsure[index] else name

    def run(self, lane: Lane, at: float) -> tuple[float, float] | None:
        """The stretch of one answer round that moment."""
        answers = np.where(lane.unsure, -1, lane.labels.astype(np.int64))
        return same_label(lane.times, answers, at, longest_step(lane.times))


def _nearest(lane: Lane, at: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) which reading stands for each moment; -1 in a gap."""
    index = np.searchsorted(lane.times, at + 1e-6, "right") - 1
    stale = (index < 0) | (at - lane.times[np.maximum(index, 0)] > longest_step(lane.times))
    return np.where(stale, -1, index)


def _blocks(
    lane: Lane, layout: RibbonLayout, read: Stretches | None
) -> list[tuple[float, float, int, bool]]:
    """(x, width, label, unsure) of equal neighbours, sampled once per pixel."""
    pixels = np.arange(int(layout.width) + 1)
    at = layout.first + pixels / layout.width * (layout.last - layout.first)
    index = _nearest(lane, at)
    value = np.where(
        index < 0, -1, lane.labels[index].astype(np.int64) * 2 + lane.unsure[index].astype(np.int64)
    )
    if read is not None:
        pixel = (layout.last - layout.first) / layout.width
        inside = [(at >= first - pixel) & (at <= last + pixel) for first, last in read]
        value = np.where(np.any(inside, axis=0), value, -1) if inside else np.full_like(value, -1)
    edges = np.flatnonzero(np.diff(value)) + 1
    starts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [len(value)]))
    return [
        (layout.left + float(a), float(b - a), int(value[a]) // 2, bool(value[a] % 2))
        for a, b in zip(starts, ends, strict=True)
        if value[a] >= 0
    ]


def paint_ground(
    painter: QPainter,
    layout: RibbonLayout,
    scheme: Scheme,
    names: Sequence[str],
    lanes: Sequence[Lane],
    events: Sequence[EventRecord],
    corrections: Sequence[CorrectionRecord],
    read: Stretches | None = None,
) -> None:
    """Everything but the position and the chosen stretch; `read`: what of a video was read."""
    left = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    for number, lane in enumerate(lanes):
        place = layout.lane(number)
        _paint_track(painter, layout, place, scheme, read)
        blocks = _blocks(lane, layout, read) if len(lane.times) else ()
        for x, width, label, unsure in blocks:
            _paint_block(painter, QRectF(x, place.top(), width, place.height()), label, unsure,
                         scheme)  # fmt: skip
        painter.setPen(QColor(scheme.muted))
        room = layout.left - 8
        name = painter.fontMetrics().elidedText(
            names[number], Qt.TextElideMode.ElideRight, int(room)
        )
        painter.drawText(QRectF(4, place.top(), room, place.height()), left, name)
        for correction in corrections:
            if correction.face in (None, lane.face):
                _paint_correction(painter, layout, place, correction, scheme)
    _paint_times(painter, layout, scheme)
    _paint_flags(painter, layout, scheme, events)


def _paint_track(
    painter: QPainter,
    layout: RibbonLayout,
    lane: QRectF,
    scheme: Scheme,
    read: Stretches | None,
) -> None:
    """The ground of a lane: an empty slot where nothing was read yet."""
    if read is None:
        painter.fillRect(lane, QColor(scheme.track))
        return
    painter.setPen(QPen(QColor(scheme.border), 1, Qt.PenStyle.DashLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(lane.adjusted(0.5, 0.5, -0.5, -0.5))
    for first, last in read:
        begin = max(layout.x(first) - 1, lane.left())
        end = min(layout.x(last) + 1, lane.right())
        if end > begin:
            painter.fillRect(
                QRectF(begin, lane.top(), end - begin, lane.height()), QColor(scheme.track)
            )


def _paint_block(painter: QPainter, area: QRectF, label: int, unsure: bool, scheme: Scheme) -> None:
    colour = QColor(EXPRESSION_QCOLORS[label])
    if not unsure:
        painter.fillRect(area, colour)
        return
    faint = QColor(colour)
    faint.setAlpha(70)
    painter.fillRect(area, faint)
    hatch = QColor(scheme.text)
    hatch.setAlpha(120)
    painter.fillRect(area, QBrush(hatch, Qt.BrushStyle.BDiagPattern))


def _paint_correction(
    painter: QPainter,
    layout: RibbonLayout,
    lane: QRectF,
    correction: CorrectionRecord,
    scheme: Scheme,
) -> None:
    """A strip in the colour of what a person said; excluded stretches are blanked out."""
    begin, end = layout.x(correction.onset), layout.x(correction.onset + correction.duration)
    begin, end = max(begin, lane.left()), min(max(end, begin + 3), lane.right())
    if end <= begin:
        return
    whole = QRectF(begin, lane.top(), end - begin, lane.height())
    if correction.label not in EXPRESSIONS:
        veil = QColor(scheme.card)
        veil.setAlpha(205)
        painter.fillRect(whole, veil)
        painter.setPen(QPen(QColor(scheme.muted), 1, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(whole.adjusted(0.5, 0.5, -0.5, -0.5))
        mark = "×" if correction.label == "excluded" else "?"
        painter.drawText(whole, int(Qt.AlignmentFlag.AlignCenter), mark)
        return
    strip = QRectF(begin, lane.bottom() - _STRIP, end - begin, _STRIP)
    painter.fillRect(strip.adjusted(0, -1.5, 0, 0), QColor(scheme.card))
    painter.fillRect(strip, EXPRESSION_QCOLORS[EXPRESSIONS.index(correction.label)])
    painter.setPen(QPen(QColor(scheme.text), 1))
    painter.drawLine(QLineF(begin, lane.top(), begin, lane.bottom()))
    painter.drawLine(QLineF(end, lane.top(), end, lane.bottom()))


def _paint_times(painter: QPainter, layout: RibbonLayout, scheme: Scheme) -> None:
    span = layout.last - layout.first
    room = painter.fontMetrics().horizontalAdvance("0:00:00") * 1.8
    step = next((s for s in _TICKS if s / span * layout.width >= room), _TICKS[-1])
    painter.setPen(QColor(scheme.muted))
    tick = int(np.ceil(layout.first / step - 1e-9))
    while tick * step <= layout.last + 1e-9:
        at = tick * step
        x = layout.x(at)
        text = clock(at, tenths=step < 1)
        width = painter.fontMetrics().horizontalAdvance(text)
        where = min(max(x - width / 2, layout.left), layout.left + layout.width - width)
        painter.drawText(QPointF(where, layout.foot + painter.fontMetrics().ascent()), text)
        tick += 1


def _paint_flags(
    painter: QPainter, layout: RibbonLayout, scheme: Scheme, events: Sequence[EventRecord]
) -> None:
    """A line, a flag on top and, where there is room, the label beneath."""
    metrics = painter.fontMetrics()
    free = layout.left
    for event in events:
        if not layout.first <= event.onset <= layout.last:
            continue
        by_program = event.origin == "ferdesk"
        colour = QColor(scheme.muted if by_program else scheme.text)
        x = layout.x(event.onset)
        painter.setPen(QPen(colour, 1))
        painter.drawLine(QLineF(x, 2, x, layout.foot - _GAP))
        if event.duration > 0:
            end = min(layout.x(event.onset + event.duration), layout.left + layout.width)
            painter.drawLine(QLineF(x, 3, end, 3))
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([QPointF(x, 2), QPointF(x + 8, 5.5), QPointF(x, 9)]))
        width = metrics.horizontalAdvance(event.label)
        if not by_program and x >= free and x + width <= layout.area.right():
            painter.drawText(QPointF(x, layout.foot + layout.line + metrics.ascent()), event.label)
            free = x + width + 8


def paint_over(
    painter: QPainter,
    layout: RibbonLayout,
    scheme: Scheme,
    position: float,
    stretch: Stretch | None,
    lanes: Sequence[Lane],
) -> None:
    """The chosen stretch and the position."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if stretch is not None:
        rows = [i for i, lane in enumerate(lanes) if stretch.face in (None, lane.face)]
        area = QRectF()
        for row in rows:
            area = area.united(layout.lane(row))
        begin = max(layout.x(stretch.start), layout.left)
        end = min(layout.x(stretch.end), layout.left + layout.width)
        if rows and end > begin:
            area.setLeft(begin)
            area.setRight(end)
            wash = QColor(scheme.card)
            wash.setAlpha(90)
            painter.setBrush(wash)
            painter.setPen(QPen(QColor(scheme.text), 1.4, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(area.adjusted(0, -2, 0, 2), 3, 3)
    if layout.first <= position <= layout.last:
        x, red = layout.x(position), QColor(scheme.error)
        painter.setPen(QPen(red, 2))
        painter.drawLine(QLineF(x, 4, x, layout.foot - 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(red)
        painter.drawEllipse(QPointF(x, 5), 4.5, 4.5)
    painter.setFont(font(1.0))
