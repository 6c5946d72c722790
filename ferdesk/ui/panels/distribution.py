"""What the face shows now, how reliable that is, and how often a label is wanted."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QWidget

from ferdesk.pipeline.types import FaceReading
from ferdesk.ui.paint.icons import icon
from ferdesk.ui.paint.theme import Scheme, current_scheme, font
from ferdesk.ui.panels.bars import DistributionBars
from ferdesk.ui.panels.buttons import step_button, text_button
from ferdesk.ui.panels.coverage import CoverageSlider
from ferdesk.ui.panels.meter import ReliabilityMeter
from ferdesk.ui.panels.panel import ElidedLabel, MutedLabel, Panel
from ferdesk.ui.state.change_words import WHAT_IT_IS, on_since
from ferdesk.ui.state.shown import Shown

_ROOMY: Final = 284
"""Height in pixels from which there is room for the line about the view."""
_TURNED: Final = 8.0
"""Degrees from which a head is described as turned."""


class DistributionPanel(Panel):
    """The bars, the headline, which face they belong to, and how far they can be trusted."""

    face_step = Signal(int)
    """+1 or -1: the person wants another face."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Expression", parent)
        self.bars = DistributionBars()
        self.which = MutedLabel()
        self._previous = step_button("Previous face", lambda: self.face_step.emit(-1))
        self._next = step_button("Next face", lambda: self.face_step.emit(1))
        self.baseline = ElidedLabel()
        self.baseline.setFont(font(0.88, digits=True))
        # In place of the stretch: what is left of the line.
        self.header.takeAt(self.header.count() - 1)
        self.header.addWidget(self.baseline, 1)
        for widget in (self._previous, self.which, self._next):
            self.header.addWidget(widget)
        self.quality = ElidedLabel()
        self.quality.setFont(font(0.88, digits=True))
        self.quality.setToolTip(
            "How well the face can be seen: direction of the head, distance between the outer eye "
            "corners, brightness of the face"
        )
        self.meter = ReliabilityMeter()
        self.coverage = CoverageSlider()
        self.body.addWidget(self.bars, 1)
        self.body.addWidget(self.quality)
        self.body.addWidget(self.meter)
        self.body.addWidget(self.coverage)
        self.setMinimumHeight(262)
        self.present(Shown())
        self.restyle(current_scheme())

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Where there is little room, the reason under the meter says what matters of this.
        self.quality.setVisible(self.height() >= _ROOMY)
        super().resizeEvent(event)

    def present(self, shown: Shown) -> None:
        """Show this; bars and words follow with `refresh` and `refresh_text`."""
        self.bars.shown = self.meter.shown = shown
        several = len(shown.faces) > 1
        for widget in (self._previous, self._next):
            widget.setVisible(several)
        text = shown.which
        if text != self.which.text():
            self.which.setText(text)

    def add_action(self, action: QAction) -> None:
        """A button at the end of the title line."""
        self.header.addWidget(text_button(action))

    def set_baseline(self, since: str) -> None:
        """Since when there is a change from the neutral baseline; "" for none."""
        text = f"Baseline since {since}" if since else ""
        if text != self.baseline.text():
            self.baseline.setText(text)
            self.baseline.setToolTip(f"{on_since(since)}\n{WHAT_IT_IS}" if since else "")

    def refresh(self) -> None:
        """Draw bars and numbers of one and the same reading."""
        self.bars.refresh()
        self.meter.refresh()

    def refresh_text(self) -> None:
        """Bring the words up to date; called a few times a second."""
        face = self.bars.shown.written_face
        self.quality.setText(describe_view(face) if face is not None else " ")

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self._previous.setIcon(icon("previous", scheme.text))
        self._next.setIcon(icon("next", scheme.text))


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
