"""Notices over the window that go away by themselves or are dismissed, and never flood."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ferdesk.ui.paint.icons import draw_icon, icon
from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import current_scheme, font

WIDTH: Final = 430
LIMIT: Final = 2
"""Notices on screen at once; the oldest goes first."""
QUIET_SECONDS: Final = 10.0
"""A notice that was dismissed does not come back sooner than this."""


class Severity(StrEnum):
    """How much a notice matters; the name is also that of its icon."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_SECONDS: Final = {Severity.INFO: 6.0, Severity.WARNING: 12.0, Severity.ERROR: 0.0}
"""How long a notice stays; 0: until it is dismissed."""


class Toast(QWidget):
    """One notice."""

    closed = Signal(object)
    """Carries this toast."""

    def __init__(self, text: str, severity: Severity, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = text
        self.severity = severity
        self.count = 1
        self._label = PlainLabel(text)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._times = PlainLabel()
        self._times.setFont(font(0.9, bold=True))
        self._times.hide()
        self._close = close = QToolButton()
        close.setAutoRaise(True)
        close.setIcon(icon("close", current_scheme().text))
        close.setIconSize(QSize(14, 14))
        close.setAccessibleName("Dismiss")
        close.setToolTip("Dismiss (Esc)")
        close.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(42, 9, 8, 9)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._times)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setFixedWidth(WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(f"{severity.value}: {text}")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._restart()

    def again(self) -> None:
        """The same notice came once more."""
        self.count += 1
        self._times.setText(f"×{self.count}")
        self._times.show()
        self._restart()

    def dismiss(self) -> None:
        """Go away."""
        self._timer.stop()
        self.closed.emit(self)

    def _restart(self) -> None:
        seconds = _SECONDS[self.severity]
        if seconds:
            self._timer.start(int(seconds * 1000))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._close.setIcon(icon("close", current_scheme().text))
        super().changeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        accents = {
            Severity.INFO: scheme.accent,
            Severity.WARNING: scheme.warning,
            Severity.ERROR: scheme.error,
        }
        accent = QColor(accents[self.severity])
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(accent, 1))
        painter.setBrush(QColor(scheme.card))
        painter.drawRoundedRect(area, 8, 8)
        draw_icon(painter, self.severity.value, QRectF(12, 11, 20, 20), accent)
        painter.end()


class ToastStack(QWidget):
    """The notices of one window, as children of `host`, where `room` says.

    `room` gets the size of a stack and gives the rectangle for it in `host`.
    """

    def __init__(self, host: QWidget, room: Callable[[QSize], QRect]) -> None:
        super().__init__(host)
        self._room = room
        self._dismissed: dict[str, float] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self.toasts: list[Toast] = []
        host.installEventFilter(self)
        self.hide()

    def show_notice(self, text: str, severity: Severity = Severity.INFO) -> None:
        """Show one sentence. The same sentence again only counts up."""
        for toast in self.toasts:
            if toast.text == text:
                toast.again()
                return
        if time.monotonic() - self._dismissed.get(text, float("-inf")) < QUIET_SECONDS:
            return
        toast = Toast(text, severity, self)
        toast.closed.connect(self._remove)
        self.toasts.append(toast)
        self._layout.addWidget(toast)
        while len(self.toasts) > LIMIT:
            self._remove(self.toasts[0])
        self.settle()

    def withdraw(self, texts: Iterable[str]) -> None:
        """Take back notices that no longer hold; they may come again at any time."""
        gone = set(texts)
        for toast in [toast for toast in self.toasts if toast.text in gone]:
            self._remove(toast)
            self._dismissed.pop(toast.text, None)

    def dismiss_all(self) -> bool:
        """Dismiss every notice; False when there was none."""
        any_shown = bool(self.toasts)
        for toast in list(self.toasts):
            toast.dismiss()
        return any_shown

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.settle()
        return super().eventFilter(watched, event)

    def _remove(self, toast: Toast) -> None:
        if toast not in self.toasts:
            return
        self.toasts.remove(toast)
        now = time.monotonic()
        self._dismissed = {t: at for t, at in self._dismissed.items() if now - at < QUIET_SECONDS}
        self._dismissed[toast.text] = now
        self._layout.removeWidget(toast)
        toast.hide()
        toast.deleteLater()
        self.settle()

    def settle(self) -> None:
        """Take the place that is free now."""
        if not self.toasts:
            self.hide()
            return
        height = sum(toast.heightForWidth(WIDTH) for toast in self.toasts)
        height += self._layout.spacing() * (len(self.toasts) - 1)
        self.setGeometry(self._room(QSize(WIDTH, height)))
        self.show()
        self.raise_()
