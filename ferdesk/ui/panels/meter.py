"""How reliable the shown label is: a bar, the figure, and the reason in words."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ferdesk.ui.paint.overlay import percent
from ferdesk.ui.paint.theme import current_scheme, font
from ferdesk.ui.panels.panel import ElidedLabel, MutedLabel
from ferdesk.ui.state.reliability_words import NOT_TOLD
from ferdesk.ui.state.shown import Shown

_TIP = (
    "The chance that the label shown is right, estimated from how decided the network is and how "
    "well the face can be seen. The small triangle marks the limit below which the label reads "
    "Unsure; the slider moves it."
)


class ReliabilityMeter(QWidget):
    """Shows the face of `shown` against its limit; says so where a checkpoint cannot tell."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = Shown()
        self.able = True
        """False when the checkpoint in use is known to have no reliability."""
        self.figure = MutedLabel()
        self.figure.setFont(font(1.0, digits=True))
        metrics = self.figure.fontMetrics()
        self._figure_width = metrics.horizontalAdvance("Reliability >99 %") + 10
        self.bar = _Bar()
        self.words = ElidedLabel(muted=False)
        self.words.setFont(font(0.92))
        line = QHBoxLayout()
        line.setSpacing(0)
        line.addWidget(self.figure)
        line.addWidget(self.bar, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addLayout(line)
        layout.addWidget(self.words)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Reliability")
        self.setToolTip(_TIP)
        self.refresh()

    def refresh(self) -> None:
        """Draw bar, figure and reason of one and the same reading."""
        told, face, verdict = self._told(), self.shown.written_face, self.shown.verdict
        self.bar.setVisible(told)
        self.figure.setMinimumWidth(self._figure_width if told else 0)
        value = face.reliability if face is not None else None
        self.bar.take(value, self.shown.threshold)
        text = NOT_TOLD
        if told:
            text = f"Reliability {percent(value) if value is not None else '–'}"
        if text != self.figure.text():
            self.figure.setText(text)
        lines = () if verdict is None else (verdict.caution, verdict.reason)
        words = ". ".join(filter(None, lines))
        if words != self.words.text():
            self.words.setText(words)
            self.words.setToolTip("\n".join(filter(None, (*lines, _TIP))))
        self.setAccessibleDescription(". ".join(filter(None, (text, *lines))))

    def _told(self) -> bool:
        """Whether there is a figure, or will be with the next face."""
        face = self.shown.face
        return self.able if face is None else face.reliability is not None


class _Bar(QWidget):
    """The painted part."""

    def __init__(self) -> None:
        super().__init__()
        self.value: float | None = None
        self.threshold = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(60, 17)

    def take(self, value: float | None, threshold: float) -> None:
        """Draw these from now on; both in 0..1."""
        if (value, threshold) != (self.value, self.threshold):
            self.value, self.threshold = value, threshold
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Half a triangle of room on both sides, a whole one above.
        area = QRectF(self.rect()).adjusted(4, 3, -4, 0)
        track = QRectF(area.left(), area.center().y() - 4, area.width(), 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.track))
        painter.drawRoundedRect(track, 4, 4)
        if self.value is not None:
            bar = QRectF(track)
            bar.setWidth(max(track.width() * self.value, 3.0))
            round_by = min(4.0, bar.width() / 2)
            if self.value < self.threshold:
                # Hollow, so that falling short can be seen without colours.
                painter.setPen(QPen(QColor(scheme.muted), 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                bar.adjust(0.75, 0.75, -0.75, -0.75)
            else:
                painter.setBrush(QColor(scheme.accent))
            painter.drawRoundedRect(bar, round_by, round_by)
        if self.threshold > 0:
            x = track.left() + track.width() * self.threshold
            painter.setPen(QPen(QColor(scheme.card), 4))
            painter.drawLine(QPointF(x, track.top()), QPointF(x, track.bottom()))
            painter.setPen(QPen(QColor(scheme.text), 1.6))
            painter.drawLine(QPointF(x, track.top()), QPointF(x, track.bottom() + 2))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(scheme.text))
            tip = QPointF(x, track.top() + 1)
            painter.drawPolygon(QPolygonF([tip, tip + QPointF(-4, -6), tip + QPointF(4, -6)]))
        painter.end()
