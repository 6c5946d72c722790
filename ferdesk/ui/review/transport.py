"""The row of buttons under the picture: play, step, speed, jump, and where the session is."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from ferdesk.durations import clock
from ferdesk.ui.actions import Actions
from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.buttons import icon_button

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
_MOVES: Final = ("session_start", "previous_frame", "pause", "next_frame", "session_end")
_ROOMY: Final = 620
"""Width in pixels from which the jumps have names beside their icons."""
_JUMPS: Final = ("next_event", "next_unsure", "next_correction")


class Transport(QWidget):
    """Every button is a command of the window, with its shortcut in the tip."""

    speed_chosen = Signal(float)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(2)
        for name in _MOVES:
            row.addWidget(_button(actions, name, icon_only=True))
        self.time = PlainLabel("0:00.0")
        self.time.setFont(font(1.05, bold=True, digits=True))
        self.whole = PlainLabel()
        self.whole.setFont(font(1.0, digits=True))
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("How fast the session plays (Ctrl+Up, Ctrl+Down)")
        for value in SPEEDS:
            self.speed.addItem(f"{value:g}×", value)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.currentIndexChanged.connect(
            lambda _index: self.speed_chosen.emit(self.speed.currentData())
        )
        row.addSpacing(6)
        for widget in (self.time, self.whole, self.speed):
            row.addWidget(widget)
            row.addSpacing(4)
        row.addStretch(1)
        self._jumps = [_button(actions, name, icon_only=False) for name in _JUMPS]
        for button in self._jumps:
            row.addWidget(button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Names in part would say less than the icons alone.
        style = Qt.ToolButtonStyle
        wanted = (
            style.ToolButtonIconOnly if self.width() < _ROOMY else style.ToolButtonTextBesideIcon
        )
        for button in self._jumps:
            button.setToolButtonStyle(wanted)
        super().resizeEvent(event)

    def set_time(self, seconds: float, duration: float, read: float = 1.0) -> None:
        """Where the session is; `read`: the share of a video that was read."""
        self.time.setText(clock(seconds, tenths=True))
        part = "" if read >= 1.0 else f" · {read * 100:.0f} % read"
        self.whole.setText(f"/ {clock(duration)}{part}")

    def change_speed(self, by: int) -> None:
        """The next faster (+1) or slower (-1) speed."""
        wanted = self.speed.currentIndex() + by
        self.speed.setCurrentIndex(min(max(wanted, 0), len(SPEEDS) - 1))


def _button(actions: Actions, name: str, *, icon_only: bool) -> QToolButton:
    button = icon_button(actions[name], 18)
    if not icon_only:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
