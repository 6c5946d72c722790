"""The bottom line: what runs, how fast, how late, on what."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from ferdesk.pipeline.types import EngineState, EngineStats
from ferdesk.ui.paint.plain_text import PlainLabel, tooltip
from ferdesk.ui.paint.theme import current_scheme, font
from ferdesk.ui.panels.panel import ElidedLabel
from ferdesk.ui.panels.recording_status import RecordingField

_STATE_TEXT: Final[dict[EngineState, str]] = {
    EngineState.STOPPED: "Stopped",
    EngineState.STARTING: "Starting …",
    EngineState.RUNNING: "Running",
    EngineState.STOPPING: "Stopping …",
    EngineState.FAULTED: "Stopped by a fault",
}


class StateDot(QWidget):
    """A mark beside the state; shape and colour differ, so that colour is not all there is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = EngineState.STOPPED
        self.setFixedSize(12, 14)

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        area = QRectF(1, 2, 10, 10)
        if self.state is EngineState.RUNNING:
            painter.setBrush(QColor(scheme.good))
            painter.drawEllipse(area)
        elif self.state is EngineState.FAULTED:
            painter.setBrush(QColor(scheme.error))
            painter.drawRect(area)
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(scheme.muted))
            painter.drawEllipse(area)
        painter.end()


class StatusPanel(QStatusBar):
    """Permanent fields with tooltips; numbers keep their width, so that nothing trembles."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(10, 0, 10, 0)
        self._activity = ""
        self._dot = StateDot()
        self.state = PlainLabel()
        self.source = ElidedLabel()
        self.addWidget(self._dot)
        self.addWidget(self.state)
        self.recording = RecordingField()
        self.addWidget(self.recording)
        self.streaming = PlainLabel()
        self.streaming.setContentsMargins(0, 2, 10, 2)
        self.streaming.setAccessibleName("Streaming")
        self.streaming.hide()
        self.addWidget(self.streaming)
        self.addWidget(self.source, 1)
        self.rate = self._field("00.0 readings/s", "Readings per second over the last two seconds")
        self.latency = self._field(
            "latency 0000 ms",
            "Time from the capture of a frame to its picture on the screen, median of two seconds",
        )
        self.dropped = self._field(
            "dropped 00000",
            "Frames that were replaced by newer ones before they could be analysed. Normal when "
            "the camera is faster than the model.",
        )
        self.device = self._field("", "Where the model runs. Analysis ▸ Device changes it.")
        self.checkpoint = self._field(
            "", "The checkpoint in use. File ▸ Open checkpoint changes it."
        )
        for widget, name in (
            (self.state, "State"),
            (self.source, "Source"),
            (self.rate, "Rate"),
            (self.latency, "Latency"),
            (self.dropped, "Dropped frames"),
            (self.device, "Device"),
            (self.checkpoint, "Checkpoint"),
        ):
            widget.setAccessibleName(name)

    def set_activity(self, text: str) -> None:
        """What is going on in the background ("Loading checkpoint …"); "" when nothing is."""
        self._activity = text

    def refresh(
        self,
        stats: EngineStats,
        latency_ms: float | None,
        *,
        paused: bool = False,
        file: str = "",
    ) -> None:
        """Show the numbers; called twice a second. `file`: which of several is on the screen."""
        if self._dot.state is not stats.state:
            self._dot.state = stats.state
            self._dot.update()
        running = stats.state is EngineState.RUNNING
        state = "Paused" if paused and running else _STATE_TEXT[stats.state]
        self._set(self.state, self._activity or state)
        source = f"{file} · {stats.source}" if file else stats.source
        self._set(self.source, source)
        self.source.setToolTip(tooltip(source))
        self._set(self.rate, f"{stats.readings_per_second:.1f} readings/s")
        self._set(self.latency, f"latency {latency_ms:.0f} ms" if latency_ms else "latency – ms")
        self._set(self.dropped, f"dropped {stats.dropped}")
        self._set(self.device, stats.device or "no device yet")
        self._set(self.checkpoint, stats.checkpoint or "no checkpoint yet")

    @staticmethod
    def _set(label: QLabel, text: str) -> None:
        if label.text() != text:
            label.setText(text)

    def _field(self, widest: str, tip: str) -> QLabel:
        label = PlainLabel()
        label.setFont(font(1.0, digits=True))
        label.setToolTip(tip)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setContentsMargins(10, 2, 4, 2)
        if widest:
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance(widest) + 14)
        self.addPermanentWidget(label)
        return label
