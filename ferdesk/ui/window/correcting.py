"""Saying what a face really shows: a menu of the seven and "cannot tell"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS
from ferdesk.ui.panels.video import VideoPanel
from ferdesk.ui.state.shown import Shown

CANNOT_TELL: Final = "cannot tell"
EXCLUDED: Final = "excluded"
_TEXTS: Final = {
    "neutral": "&Neutral", "happiness": "&Happiness", "surprise": "S&urprise",
    "sadness": "&Sadness", "anger": "&Anger", "disgust": "&Disgust", "fear": "&Fear",
}  # fmt: skip
"""One letter each, which chooses at once while the menu is open."""


class Correcting(QObject):
    """Opens the menu beside the chosen face while corrections can be kept."""

    corrected = Signal(int, str)
    """Face id, and one of the seven, `CANNOT_TELL` or `EXCLUDED`."""

    def __init__(self, video: VideoPanel, shown: Callable[[], Shown]) -> None:
        super().__init__(video)
        self._video = video
        self._shown = shown
        self.possible = False
        """Whether there is a session to keep corrections in."""
        self.excludes = False
        """Whether a stretch may be left out, too: in review."""
        self.menu: QMenu | None = None
        video.face_clicked.connect(lambda _face: self.ask())

    def ask(self) -> None:
        """About the chosen face, if it is in view."""
        face = self._shown().face
        if not self.possible or face is None:
            return
        menu = build_menu(lambda label: self.corrected.emit(face.face_id, label), self._video)
        if self.excludes:
            leave_out = menu.addAction("E&xclude this stretch")
            leave_out.triggered.connect(lambda: self.corrected.emit(face.face_id, EXCLUDED))
        menu.aboutToHide.connect(menu.deleteLater)
        self.menu = menu
        menu.popup(self._video.mapToGlobal(self._beside()))

    def _beside(self) -> QPoint:
        area = self._video.face_rect(self._shown().selected)
        return (area.topRight() + QPoint(10, 0)) if area is not None else QPoint(20, 20)


def build_menu(chosen: Callable[[str], object], parent: VideoPanel) -> QMenu:
    """The seven in their colours, and "cannot tell"."""
    menu = QMenu(parent)
    menu.setAccessibleName("What the face shows")
    menu.addSection("The face shows")
    for name, colour in zip(EXPRESSIONS, EXPRESSION_QCOLORS, strict=True):
        action = menu.addAction(_spot(colour), _TEXTS[name])
        action.triggered.connect(lambda _on=False, label=name: chosen(label))
    menu.addSeparator()
    menu.addAction("&Cannot tell").triggered.connect(lambda _on=False: chosen(CANNOT_TELL))
    return menu


def display(label: str) -> str:
    """A correction's label as people read it."""
    return DISPLAY_NAMES.get(label, label.capitalize())


def _spot(colour: QColor) -> QIcon:
    pixmap = QPixmap(16, 16)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour)
    painter.setPen(QColor(0, 0, 0, 0))
    painter.drawEllipse(3, 3, 10, 10)
    painter.end()
    return QIcon(pixmap)
