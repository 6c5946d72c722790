"""Seven bars: how much of each expression the face shows now, smoothed over time."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.pipeline.types import FaceReading
from ferdesk.ui.icons import icon
from ferdesk.ui.overlay import percent
from ferdesk.ui.panels.panel import ElidedLabel, MutedLabel, Panel
from ferdesk.ui.theme import EXPRESSION_QCOLORS, Scheme, current_scheme, font

_NAMES: Final = tuple(DISPLAY_NAMES[name] for name in EXPRESSIONS)
NO_FACE: Final = "No face in view"
WAITING: Final = "Waiting …"
_TURNED: Final = 8.0
"""Degrees from which a head is described as turned."""


class DistributionPanel(Panel):
    """The bars, the headline, and which face they belong to."""

    face_step = Signal(int)
    """+1 or -1: the person wants another face."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Expression", parent)
        self.bars = DistributionBars()
        self.which = MutedLabel()
        self._previous = self._button("Previous face", -1)
        self._next = self._button("Next face", 1)
        for widget in (self._previous, self.which, self._next):
            self.header.addWidget(widget)
        self.quality = ElidedLabel()
        self.quality.setFont(font(0.88, digits=True))
        self.quality.setToolTip(
            "How well the face can be seen: direction of the head, distance between the outer eye "
            "corners, brightness of the face"
        )
        self.body.addWidget(self.bars, 1)
        self.body.addWidget(self.quality)
        self.setMinimumHeight(218)
        self.set_position(0, 0)
        self.restyle(current_scheme())

    def show_face(self, face: FaceReading | None) -> None:
        """Take the smoothed probabilities; None empties the bars. Drawn by `refresh`."""
        self.bars.empty = NO_FACE
        self.bars.face = face

    def wait(self) -> None:
        """Nothing was read yet: it is not known whether there is a face."""
        self.bars.face = None
        self.bars.empty = WAITING

    def refresh(self) -> None:
        """Draw bars and numbers of one and the same reading."""
        self.bars.refresh()

    def refresh_text(self) -> None:
        """Bring the line about the view up to date; called a few times a second."""
        face = self.bars.face
        self.quality.setText(describe_view(face) if face is not None else " ")

    def set_position(self, place: int, count: int) -> None:
        """Say "Face 2 of 3" and offer the others."""
        several = count > 1
        for widget in (self._previous, self._next):
            widget.setVisible(several)
        text = f"Face {place} of {count}" if several and place else ""
        if text != self.which.text():
            self.which.setText(text)

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self._previous.setIcon(icon("previous", scheme.text))
        self._next.setIcon(icon("next", scheme.text))

    def _button(self, text: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setAccessibleName(text)
        button.setToolTip(text)
        button.setIconSize(QSize(14, 14))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.face_step.emit(by))
        return button


class DistributionBars(QWidget):
    """The painted part. Text follows more slowly than bars: nobody reads 30 numbers a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.face: FaceReading | None = None
        self.empty = WAITING
        self._numbers: tuple[str, ...] = ("–",) * len(_NAMES)
        self._winner: int | None = None
        self._share = ""
        self.setMinimumSize(230, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            "Smoothed over time. The thin line in each bar is the answer for this frame alone."
        )

    def refresh(self) -> None:
        """Draw the face that was given last."""
        if self.face is None:
            self._numbers, self._winner, self._share = ("–",) * len(_NAMES), None, ""
        else:
            values = [float(value) for value in self.face.probabilities]
            self._numbers = tuple(percent(value) for value in values)
            self._winner = max(range(len(values)), key=values.__getitem__)
            self._share = self._numbers[self._winner]
        spoken = ", ".join(f"{n} {v}" for n, v in zip(_NAMES, self._numbers, strict=True))
        self.setAccessibleDescription(spoken if self.face is not None else self.empty)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        headline = self._paint_headline(painter, scheme)
        left = QFontMetricsF(font(1.0, bold=True)).horizontalAdvance("▸ Happiness") + 10
        right = self.fontMetrics().horizontalAdvance(">99 %") + 14
        row = (self.height() - headline) / len(_NAMES)
        thick = min(18.0, row * 0.62)
        for index, name in enumerate(_NAMES):
            middle = headline + row * (index + 0.5)
            won = index == self._winner
            painter.setFont(font(1.0, bold=won, digits=True))
            painter.setPen(QColor(scheme.text if won or self.face is None else scheme.muted))
            if self.face is None:
                painter.setPen(QColor(scheme.muted))
            label = QRectF(0, middle - row / 2, left, row)
            flags = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(
                label, int(flags | Qt.AlignmentFlag.AlignLeft), ("▸ " if won else "   ") + name
            )
            painter.drawText(
                QRectF(self.width() - right, middle - row / 2, right, row),
                int(flags | Qt.AlignmentFlag.AlignRight),
                self._numbers[index],
            )
            track = QRectF(left, middle - thick / 2, self.width() - left - right, thick)
            self._paint_bar(painter, scheme, track, index, won)
        painter.end()

    def _paint_headline(self, painter: QPainter, scheme: Scheme) -> float:
        """The winner in large type; returns the height taken."""
        painter.setFont(font(1.7, bold=True))
        metrics = painter.fontMetrics()
        height = metrics.height() + 8.0
        area = QRectF(0, 0, self.width(), metrics.height())
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        if self._winner is None:
            painter.setPen(QColor(scheme.muted))
            painter.drawText(area, flags, self.empty)
            return height
        name = _NAMES[self._winner]
        painter.setPen(QColor(scheme.text))
        painter.drawText(area, flags, name)
        offset = metrics.horizontalAdvance(name + " ")
        painter.setFont(font(1.7, digits=True))
        painter.setPen(QColor(scheme.muted))
        painter.drawText(area.adjusted(offset, 0, 0, 0), flags, self._share)
        return height

    def _paint_bar(
        self, painter: QPainter, scheme: Scheme, track: QRectF, index: int, won: bool
    ) -> None:
        round_by = track.height() / 2.6
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.track))
        painter.drawRoundedRect(track, round_by, round_by)
        if self.face is None:
            return
        share = float(self.face.probabilities[index])
        bar = QRectF(track)
        bar.setWidth(max(track.width() * share, 2.0))
        painter.setBrush(EXPRESSION_QCOLORS[index])
        corner = min(round_by, bar.width() / 2)
        painter.drawRoundedRect(bar, corner, corner)
        if won:
            painter.setPen(QPen(QColor(scheme.text), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(bar, corner, corner)
        now = track.left() + track.width() * float(self.face.purified.final[index])
        painter.setPen(QPen(QColor(scheme.muted), 1.4))
        painter.drawLine(QLineF(now, track.top(), now, track.bottom()))


def describe_view(face: FaceReading) -> str:
    """How well the face is seen, in a few words and numbers."""
    pose = face.pose
    turns = []
    if abs(pose.yaw) >= _TURNED:
        turns.append(f"turned {abs(pose.yaw):.0f}° to the side")
    if abs(pose.pitch) >= _TURNED:
        turns.append(f"looking {abs(pose.pitch):.0f}° {'up' if pose.pitch > 0 else 'down'}")
    if abs(pose.roll) >= _TURNED:
        turns.append(f"tilted {abs(pose.roll):.0f}°")
    where = ", ".join(turns) or "facing the camera"
    quality = face.quality
    light = f"brightness {quality.brightness * 100:.0f} %"
    text = f"{where} · eyes {quality.size:.0f} px apart · {light}"
    if quality.inside < 0.98:
        text += f" · {quality.inside * 100:.0f} % in the picture"
    return text[0].upper() + text[1:]
