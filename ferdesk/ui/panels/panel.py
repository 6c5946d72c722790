"""The card that every panel is drawn on, and the parts they share."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import current_scheme, font

_FEWEST_LETTERS: Final = 8
"""Less of a line says nothing."""


class Panel(QFrame):
    """A rounded card with a title line; `header` and `body` are layouts to fill."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.title = PlainLabel(title)
        self.title.setFont(font(1.0, bold=True))
        self.header = QHBoxLayout()
        self.header.setSpacing(8)
        self.header.addWidget(self.title)
        self.header.addStretch(1)
        self.body = QVBoxLayout()
        self.body.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(8)
        layout.addLayout(self.header)
        layout.addLayout(self.body, 1)

    def set_title(self, widget: QWidget) -> None:
        """Show `widget` where the title stands."""
        self.title.hide()
        self.header.insertWidget(0, widget)

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_card(self)


def paint_card(widget: QWidget) -> None:
    """The rounded background of a panel; for its `paintEvent`."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(widget.palette().color(QPalette.ColorRole.Mid), 1))
    painter.setBrush(widget.palette().color(QPalette.ColorRole.Base))
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
    painter.end()


class MutedLabel(PlainLabel):
    """Secondary text in the muted colour of the scheme."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)


class ElidedLabel(MutedLabel):
    """A line that ends in … where there is little room, and is gone where there is hardly any; the
    whole of it is in the tooltip."""

    def __init__(self, parent: QWidget | None = None, *, muted: bool = True) -> None:
        super().__init__("", parent)
        if not muted:
            self.setForegroundRole(QPalette.ColorRole.WindowText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, _event: QPaintEvent) -> None:
        area = self.contentsRect()
        if area.width() < self.fontMetrics().averageCharWidth() * _FEWEST_LETTERS:
            return
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(
            area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text
        )
        painter.end()


class Chip(QAbstractButton):
    """A checkable legend entry: a coloured mark and a name."""

    def __init__(self, name: str, colour: QColor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(name)
        self.setAccessibleName(f"Show {name}")
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFont(font(0.92))
        self.colour = colour
        self.short = False
        """Three letters have to do."""

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 28, metrics.height() + 6)

    def minimumSizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()[:3]) + 20, metrics.height() + 6)

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.underMouse() or self.hasFocus():
            painter.setPen(QPen(QColor(scheme.accent if self.hasFocus() else scheme.border), 1.4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 5, 5)
        mark = QRectF(area.left() + (3 if self.short else 6), area.center().y() - 4.5, 9, 9)
        painter.setPen(QPen(self.colour, 1.6))
        painter.setBrush(self.colour if self.isChecked() else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(mark)
        painter.setPen(QColor(scheme.text if self.isChecked() else scheme.muted))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        space = QRectF(
            mark.right() + (4 if self.short else 5), area.top(), area.width(), area.height()
        )
        painter.drawText(space, int(flags), self.text()[:3] if self.short else self.text())
        painter.end()
