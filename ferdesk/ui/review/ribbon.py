"""The whole session at a glance: a lane per face, flags for events; a click goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ferdesk.durations import clock
from ferdesk.ui.paint.theme import current_scheme, font
from ferdesk.ui.review.ribbon_paint import RibbonLayout, Stretches, paint_ground, paint_over
from ferdesk.ui.state.stretch import Stretch

if TYPE_CHECKING:
    from ferdesk.session.lanes import Lane
    from ferdesk.session.records import CorrectionRecord, EventRecord

_MOST_LANES: Final = 4
_SHORTEST_VIEW: Final = 1.0
"""Seconds: there is nothing to see in less."""
_STEP: Final = 1.25
_WIDEST_NAME: Final = 90
_DRAG: Final = 4


class Ribbon(QWidget):
    """Click or drag: go there. Shift and drag: choose a stretch. Wheel: zoom. All by keys, too."""

    sought = Signal(float)
    """Go to these seconds of the session."""
    stretch_chosen = Signal(object)
    """A `Stretch`, or None."""
    stepped = Signal(int)
    """The person wants to go so many readings on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Course of the session")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.lanes: tuple[Lane, ...] = ()
        self.names: tuple[str, ...] = ()
        self.duration = 0.0
        self.first, self.last = 0.0, 1.0
        """Seconds at the left and right edge."""
        self.position = 0.0
        self.stretch: Stretch | None = None
        self.events: Sequence[EventRecord] = ()
        self.corrections: Sequence[CorrectionRecord] = ()
        self.read: Stretches | None = None
        """What was read of a video; None: everything."""
        self._ground: QPixmap | None = None
        self._anchor: float | None = None

    def load(self, rows: Sequence[tuple[str, Lane]], duration: float) -> None:
        """Show another session: names and lanes."""
        self.duration = max(duration, 1e-3)
        self.stretch = self.read = None
        self.show_rows(rows)
        self.show_all()

    def show_rows(self, rows: Sequence[tuple[str, Lane]]) -> None:
        """The names and lanes of the same session."""
        self.names = tuple(name for name, _ in rows[:_MOST_LANES])
        self.lanes = tuple(lane for _, lane in rows[:_MOST_LANES])
        self.setFixedHeight(self.sizeHint().height())
        self._redraw()

    def set_read(self, read: Stretches) -> None:
        """(first, last) seconds of what was read of a video."""
        self.read = read
        self._redraw()

    def show_notes(
        self, events: Sequence[EventRecord], corrections: Sequence[CorrectionRecord]
    ) -> None:
        """Draw these events and corrections."""
        self.events, self.corrections = events, corrections
        self._redraw()

    def set_position(self, seconds: float) -> None:
        """Where the session is; the view follows when it leaves it."""
        if seconds == self.position:
            return
        self.position = seconds
        if not self.first <= seconds <= self.last:
            self._view(seconds - (self.last - self.first) * 0.1, self.last - self.first)
        self.update()

    def set_stretch(self, stretch: Stretch | None) -> None:
        """Mark this stretch as chosen."""
        self.stretch = stretch
        self.update()

    def show_all(self) -> None:
        """The whole session from edge to edge."""
        self._view(0.0, self.duration)

    def zoom(self, steps: float, at: float | None = None) -> None:
        """Closer by so many steps round `at` seconds (default: the position)."""
        at = self.position if at is None else at
        span = (self.last - self.first) * _STEP**-steps
        share = (at - self.first) / (self.last - self.first)
        self._view(at - share * span, span)

    def layout_now(self) -> RibbonLayout:
        """Where things are drawn."""
        metrics = self.fontMetrics()
        names = [metrics.horizontalAdvance(name) for name in self.names]
        label = min(max(names, default=0), _WIDEST_NAME) + 14
        return RibbonLayout(
            QRectF(self.rect()), float(label), self.fontMetrics().height(), len(self.lanes),
            self.first, self.last,
        )  # fmt: skip

    def sizeHint(self) -> QSize:
        lanes, line = max(1, len(self.lanes)), self.fontMetrics().height()
        return QSize(400, int(RibbonLayout.height_for(lanes, line)))

    def describe(self, point: QPointF) -> str:
        """What lies under the pointer, in a sentence."""
        layout = self.layout_now()
        at = layout.seconds(point.x())
        text = clock(at, tenths=True)
        lane = layout.lane_at(point.y())
        if self.read is not None and not any(a <= at <= b for a, b in self.read):
            text += " · not read yet"
        elif lane is not None:
            text += f" · {layout.answer(self.lanes[lane], at)}"
        near = (layout.last - layout.first) * 0.01
        text += "".join(f"\n⚑ {e.label}" for e in self.events if abs(e.onset - at) <= near)
        return text

    # Qt

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and self.lanes:
            QToolTip.showText(event.globalPos(), self.describe(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = self.layout_now().seconds(event.position().x())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._anchor = at
        else:
            self._anchor = None
            self.sought.emit(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        layout = self.layout_now()
        at = layout.seconds(event.position().x())
        if self._anchor is None:
            self.sought.emit(at)
            return
        lane = layout.lane_at(event.position().y())
        face = self.lanes[lane].face if lane is not None and self._several else None
        if abs(layout.x(at) - layout.x(self._anchor)) >= _DRAG:
            self.stretch_chosen.emit(Stretch.between(self._anchor, at, face))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        layout = self.layout_now()
        lane = layout.lane_at(event.position().y())
        if lane is None:
            return
        run = layout.run(self.lanes[lane], layout.seconds(event.position().x()))
        if run is not None:
            self.stretch_chosen.emit(Stretch(*run, self.lanes[lane].face))

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120.0
        sideways = event.angleDelta().x() / 120.0
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            steps, sideways = 0.0, sideways or steps
        if sideways:
            self._view(self.first - sideways * (self.last - self.first) * 0.1,
                       self.last - self.first)  # fmt: skip
        if steps:
            self.zoom(steps, self.layout_now().seconds(event.position().x()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
            return
        many = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.stepped.emit(steps * (25 if many else 1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._redraw()
        super().changeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        layout, scheme = self.layout_now(), current_scheme()
        if self._ground is None:
            ratio = self.devicePixelRatioF()
            self._ground = QPixmap(QSize(round(self.width() * ratio), round(self.height() * ratio)))
            self._ground.setDevicePixelRatio(ratio)
            self._ground.fill(Qt.GlobalColor.transparent)
            ground = QPainter(self._ground)
            ground.setFont(font(0.88))
            paint_ground(
                ground, layout, scheme, self.names, self.lanes, self.events, self.corrections,
                self.read,
            )  # fmt: skip
            ground.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._ground)
        paint_over(painter, layout, scheme, self.position, self.stretch, self.lanes)
        if self.hasFocus():
            painter.setPen(self.palette().accent().color())
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        painter.end()

    @property
    def _several(self) -> bool:
        return len({lane.face for lane in self.lanes}) > 1

    def _view(self, first: float, span: float) -> None:
        span = min(max(span, min(_SHORTEST_VIEW, self.duration)), self.duration)
        self.first = min(max(0.0, first), self.duration - span)
        self.last = self.first + span
        self._redraw()

    def _redraw(self) -> None:
        self._ground = None
        self.update()
