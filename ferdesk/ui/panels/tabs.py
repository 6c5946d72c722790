"""The titles of two panels that share one place: the other one is a click away."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from ferdesk.ui.paint.theme import current_scheme, font

PURIFICATION: Final = "How the answer was reached"
MOVEMENTS: Final = "Face movements"
SHORT: Final = {PURIFICATION: "Answer", MOVEMENTS: "Movements"}
"""What is left of the titles where there is little room."""


class _Tab(QAbstractButton):
    """A title: bold and underlined where its panel is shown."""

    def __init__(self, name: str, current: bool) -> None:
        super().__init__()
        self.current = current
        self.short = SHORT[name]
        self.setText(name)
        self.setAccessibleName(name)
        self.setAccessibleDescription("shown" if current else f"Show {name.lower()}")
        self.setToolTip("" if current else f"Show {name[0].lower()}{name[1:]} in this place")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus if current else Qt.FocusPolicy.TabFocus)
        self.setFont(font(1.0, bold=current))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        if not current:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 4, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        lit = self.current or self.underMouse() or self.hasFocus()
        painter = QPainter(self)
        painter.setPen(QColor(scheme.text if lit else scheme.muted))
        area = QRectF(self.rect()).adjusted(0, 0, 0, -3)
        metrics, width = self.fontMetrics(), int(area.width())
        right = Qt.TextElideMode.ElideRight
        text = metrics.elidedText(self.text(), right, width)
        if text != self.text():
            text = metrics.elidedText(self.short, right, width)
        painter.drawText(
            area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text
        )
        if self.current or self.hasFocus():
            painter.setPen(QPen(QColor(scheme.accent), 2))
            under = metrics.horizontalAdvance(text)
            painter.drawLine(0, self.height() - 1, under, self.height() - 1)
        painter.end()


class TitleTabs(QWidget):
    """In the header of each of the two panels, in place of its title."""

    wanted = Signal()
    """The other panel."""

    def __init__(self, current: str) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        for name in SHORT:
            tab = _Tab(name, name == current)
            layout.addWidget(tab)
            if name != current:
                tab.clicked.connect(self.wanted)
