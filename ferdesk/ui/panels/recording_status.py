"""A field of the status bar: a red dot and the figures of the recording."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import current_scheme, font

_DOT = 18


class RecordingField(PlainLabel):
    """Hidden while nothing is recorded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName("Recording")
        self.setFont(font(1.0, digits=True))
        self.setContentsMargins(_DOT, 2, 10, 2)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.hide()

    def show_figures(self, text: str, tip: str) -> None:
        """Say this from now on; "" hides the field."""
        self.setText(text)
        self.setToolTip(tip)
        self.setVisible(bool(text))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(current_scheme().error))
        painter.drawEllipse(QRectF(3, self.height() / 2 - 5, 10, 10))
        painter.end()
