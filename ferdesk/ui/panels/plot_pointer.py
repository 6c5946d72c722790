"""Clicks, drags and turns of the wheel on a plot, as times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

_DRAG: Final = 4
"""Pixels; less is a click."""
_MOUSE: Final = (
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonRelease,
)


class PlotPointer(QObject):
    """Watches the viewport of a plot."""

    clicked = Signal(float)
    """The time at which it was clicked."""
    dragged = Signal(float)
    """The pointer drags the curves so many seconds to the right."""
    zoomed = Signal(float, float)
    """The wheel was turned by so many steps at this time."""
    scrolled = Signal(float)
    """The wheel was turned sideways (or with Shift) by so many steps."""
    left = Signal()

    def __init__(self, viewport: QWidget, time_at: Callable[[float], float]) -> None:
        """`time_at`: from pixels to seconds."""
        super().__init__(viewport)
        self._time_at = time_at
        self._pressed: float | None = None
        self._moved = False
        viewport.installEventFilter(self)

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Leave:
            self.left.emit()
        elif kind == QEvent.Type.Wheel and isinstance(event, QWheelEvent):
            self._turn(event)
            return True
        elif isinstance(event, QMouseEvent) and kind in _MOUSE:
            self._drag(event)
        return super().eventFilter(watched, event)

    def _turn(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        sideways = turned.x() or (turned.y() if shift else 0)
        if sideways:
            self.scrolled.emit(sideways / 120.0)
        elif turned.y():
            self.zoomed.emit(turned.y() / 120.0, self._time_at(event.position().x()))

    def _drag(self, event: QMouseEvent) -> None:
        """A press and a release in one place is a click; between two places the curves move."""
        x = event.position().x()
        kind, left = event.type(), Qt.MouseButton.LeftButton
        if kind == QEvent.Type.MouseButtonPress and event.button() == left:
            self._pressed, self._moved = x, False
        elif self._pressed is None:
            return
        elif kind == QEvent.Type.MouseMove and (self._moved or abs(x - self._pressed) > _DRAG):
            self._moved = True
            self.dragged.emit(self._time_at(x) - self._time_at(self._pressed))
            self._pressed = x
        elif kind == QEvent.Type.MouseButtonRelease and event.button() == left:
            self._pressed = None
            if not self._moved:
                self.clicked.emit(self._time_at(x))
