"""The picture that was analysed, with its overlay, and what there is to say when there is none."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from statistics import median
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferdesk.sources.base import Frame
from ferdesk.ui.paint.overlay import FrameMap, OverlayOptions, fit, paint_overlay, paint_picture
from ferdesk.ui.paint.theme import VIDEO_BACKDROP, current_scheme, font
from ferdesk.ui.panels.captions import paint_corners, paint_lines, paint_message, paint_pill
from ferdesk.ui.state.shown import Shown

_WINDOW: Final = 2.0
"""Seconds over which rates and medians are taken."""
_SMOOTH_BUDGET_MS: Final = 9.0
"""Pictures are enlarged smoothly for as long as one drawing stays below this."""


class VideoPanel(QWidget):
    """Draws readings; pulls nothing by itself."""

    face_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.redraws = 0
        """How often the panel was painted, for the benchmark."""
        self.options = OverlayOptions()
        self._shown = Shown()
        self._preview: Frame | None = None
        self._frame: Frame | None = None
        self._composed: QPixmap | None = None
        self._undrawn = False
        self._cost_ms = 0.0
        self._smooth = True
        self._latencies: deque[tuple[float, float]] = deque(maxlen=512)
        self._draw_times: deque[float] = deque(maxlen=512)
        self._heading = ""
        self._hint = ""
        self._busy = False
        self._veil = self._veil_hint = ""
        self._notice = ""
        self._paused = False
        self._past = ""
        self._square = False
        self._ring = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Video")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 220)

    def present(self, shown: Shown) -> None:
        """Show this; what is new is drawn with the next repaint."""
        before, self._shown = self._shown, shown
        reading = shown.reading
        self._composed = None
        if reading is None or reading is before.reading:
            self.update()
            return
        if before.reading is None:
            self._preview = None
        if self._preview is None or reading.frame.index >= self._preview.index:
            self._frame = reading.frame
        self._undrawn = not self._past
        told = (f"{len(reading.faces)} faces in view" if reading.faces else "", shown.in_view)
        self.setAccessibleDescription(". ".join(filter(None, told)))

    def show_preview(self, frame: Frame) -> None:
        """Take a frame that was not analysed; the overlay stays that of the last reading."""
        reading = self._shown.reading
        if reading is not None and frame.index < reading.frame.index:
            return
        self._preview = self._frame = frame
        self._composed = None

    def drop_preview(self) -> None:
        """Go back to analysed frames only."""
        self._preview = None
        if self._shown.reading is not None:
            self._frame = self._shown.reading.frame
        self._composed = None

    def set_options(self, options: OverlayOptions) -> None:
        """What to paint over the picture."""
        if options != self.options:
            self.options = options
            self._composed = None
            self.update()

    def set_message(self, heading: str, hint: str = "", *, busy: bool = False) -> None:
        """What is said while there is no picture."""
        self._heading, self._hint, self._busy = heading, hint, busy
        self.update()

    def set_veil(self, text: str, hint: str = "") -> None:
        """Darken the last picture and say why ("No signal"); "" lifts the veil."""
        self._veil, self._veil_hint = text, hint
        self.update()

    def set_notice(self, text: str) -> None:
        """A lasting line at the foot of the picture; "" removes it."""
        self._notice = text
        self.update()

    def set_paused(self, paused: bool) -> None:
        """Mark the picture as standing still."""
        self._paused = paused
        self.update()

    def set_past(self, text: str) -> None:
        """Mark the picture as one of the past ("0:42 ago"); "" for the present."""
        self._past = text
        self.update()

    def set_square(self, square: bool) -> None:
        """Whether the corners are square: the picture has the screen to itself."""
        self._square = square
        self.update()

    @property
    def notice(self) -> str:
        """The lasting line at the foot of the picture."""
        return self._notice

    def face_areas(self) -> list[QRect]:
        """Where faces are, in this widget."""
        frame_map = self._map()
        if frame_map is None:
            return []
        return [frame_map.rect(f.landmarks.box).toAlignedRect() for f in self._shown.faces]

    def clear(self) -> None:
        """Forget the picture."""
        self._preview = self._frame = self._composed = None
        self._shown = Shown()
        self._undrawn = False
        self._latencies.clear()
        self.update()

    def latency_ms(self) -> float | None:
        """Median over two seconds from capture to drawn; None when nothing was drawn."""
        now = time.perf_counter()
        recent = [ms for at, ms in self._latencies if now - at <= _WINDOW]
        return median(recent) if recent else None

    def redraws_per_second(self) -> float:
        """Paints over the last two seconds."""
        now = time.perf_counter()
        return sum(now - at <= _WINDOW for at in self._draw_times) / _WINDOW

    def picture_rect(self) -> QRectF:
        """Where the picture lies in this widget; empty without one."""
        if self._frame is None:
            return QRectF()
        height, width = self._frame.image.shape[:2]
        return fit(width, height, QRectF(self.rect()))

    def face_rect(self, face_id: int | None) -> QRect | None:
        """Where that face lies in this widget; None while it is not in view."""
        frame_map = self._map()
        for face in self._shown.faces:
            if face.face_id == face_id and frame_map is not None:
                return frame_map.rect(face.landmarks.box).toRect().intersected(self.rect())
        return None

    def focusInEvent(self, event: QFocusEvent) -> None:
        # As with other controls: a ring for those who came by keyboard, none for the pointer.
        self._ring = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        super().focusInEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._composed = None
        self._smooth = True
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        frame_map = self._map()
        hits = [
            (face.landmarks.box[2], face.face_id)
            for face in self._shown.faces
            if frame_map is not None
            and frame_map.rect(face.landmarks.box).contains(event.position())
        ]
        if hits:
            self.face_clicked.emit(min(hits)[1])

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._frame is None:
            painter.fillRect(self.rect(), VIDEO_BACKDROP)
            paint_message(painter, QRectF(self.rect()), self._heading, self._hint, self._busy)
        else:
            if self._composed is None:
                self._composed = self._compose(self._frame)
            painter.drawPixmap(0, 0, self._composed)
            self._paint_state(painter)
        if not self._square:
            paint_corners(painter, QRectF(self.rect()), self.palette().window())
        if self._ring and self.hasFocus():
            painter.setPen(QPen(QColor(current_scheme().accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 7, 7)
        painter.end()
        self.redraws += 1
        done = time.perf_counter()
        self._draw_times.append(done)
        reading = self._shown.reading
        if self._undrawn and reading is not None:
            self._undrawn = False
            latency = (done - reading.frame.captured_at) * 1000
            self._latencies.append((done, latency))

    def _map(self) -> FrameMap | None:
        if self._frame is None:
            return None
        height, width = self._frame.image.shape[:2]
        return FrameMap(self.picture_rect(), width, height, self.options.mirror)

    def _compose(self, frame: Frame) -> QPixmap:
        """Picture and overlay at the resolution of the screen, kept until something changes."""
        # CPU time: a busy machine says nothing about what smooth scaling costs.
        start = time.thread_time()
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(VIDEO_BACKDROP)
        painter = QPainter(pixmap)
        frame_map = self._map()
        assert frame_map is not None
        smooth = self._smooth or frame_map.scale * ratio < 0.75
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        paint_picture(painter, frame.image, frame_map.target, self.options.mirror)
        drawn = (time.thread_time() - start) * 1000
        if self._shown.reading is not None:
            options = self.options
            if frame is not self._shown.reading.frame:
                # The faces moved on since: say less than on an analysed frame.
                options = replace(options, mesh=False)
            paint_overlay(painter, self._shown, frame_map, options, font(1.0, digits=True))
        painter.end()
        self._cost_ms = drawn if not self._cost_ms else 0.9 * self._cost_ms + 0.1 * drawn
        if self._smooth and self._cost_ms > _SMOOTH_BUDGET_MS:
            self._smooth, self._cost_ms = False, 0.0
        return pixmap

    def _paint_state(self, painter: QPainter) -> None:
        """Veil and pills over the picture."""
        area = QRectF(self.rect())
        if self._veil:
            painter.fillRect(area, QColor(10, 11, 13, 185))
            paint_lines(painter, area, self._veil, self._veil_hint)
        foot = area.bottom() - 12
        if self._notice:
            foot = paint_pill(painter, self._notice, area, foot) - 6
        reading = self._shown.reading
        if reading is None and self._busy:
            paint_pill(painter, self._heading, area, foot)
        elif self._shown.in_view and not self._veil:
            paint_pill(painter, self._shown.in_view, area, foot)
        top = area.top() + 12 + painter.fontMetrics().height() * 1.7
        if self._past:
            painter.setPen(QPen(QColor(current_scheme().error), 4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(2, 2, -2, -2), 7, 7)
            paint_pill(painter, self._past, area, top)
        elif self._paused:
            paint_pill(painter, "Paused", area, top)
        elif reading is not None and self._frame is not reading.frame:
            assert self._frame is not None
            lag = (self._frame.captured_at - reading.frame.captured_at) * 1000
            if lag > 0 and self.options.box:
                text = f"Overlay is {lag:.0f} ms behind this picture"
                paint_pill(painter, text, area, top)
