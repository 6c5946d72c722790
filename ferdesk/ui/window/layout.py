"""How the window is divided among the panels, and where that is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSettings, QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QSplitterHandle, QWidget

from ferdesk.paths import state_dir
from ferdesk.ui.state.settings import Settings
from ferdesk.ui.window.panels import Panels

SMALLEST: Final = (900, 600)
"""Width and height that the window needs."""
_BEST: Final = (1280, 800)
_FRAME: Final = (16, 44)
"""What window managers draw around a window: its width and height."""
_NAMES = ("left", "right", "across")
_VERSION: Final = "division-5"
"""Renamed when the parts change: what was remembered of others does not fit."""
_MARGINS: Final = (10, 2, 10, 4)
_ROOM_FOR_THREE: Final = 790
"""Height of a window in which expression, list and answers fit one above the other."""
_ROOM_FOR_FOUR: Final = 980
"""And the list of disagreements, too."""
_ROOM_FOR_MOVEMENTS: Final = 700
"""In which expression, list and movements fit, which take less."""
_EDGE: Final = 12
"""Between notices and the edge of what they lie on."""


class Division:
    """Picture over timeline or files and log, expression over the answers, these side by side."""

    def __init__(self, panels: Panels) -> None:
        down, across = Qt.Orientation.Vertical, Qt.Orientation.Horizontal
        self.left = _splitter(
            down, (panels.video, 3), (panels.timeline, 1), (panels.files, 1), (panels.log, 1)
        )
        self.right = _splitter(
            down, (panels.distribution, 2), (panels.purification, 3), (panels.movements, 3)
        )
        self.across = _splitter(across, (self.left, 3), (self.right, 2))
        self._panels = panels
        self._still = False
        self._several_files = False
        self._log = False
        self._picture_only = self._review = self._compared = False
        self._bar = self._notes = self._comparison = QWidget()
        panels.log.hide()
        panels.files.hide()

    def add_review(self, bar: QWidget, notes: QWidget, comparison: QWidget) -> None:
        """What a session under review needs besides: under the picture, and at the right."""
        self._bar, self._notes, self._comparison = bar, notes, comparison
        self.left.insertWidget(1, bar)
        for place, widget in enumerate((notes, comparison), 1):
            self.right.insertWidget(place, widget)
            self.right.setStretchFactor(place, 3)

    def show_review(self, on: bool, *, compared: bool = False) -> None:
        """Look at a session, perhaps at two readings of it, from the next `arrange` on."""
        self._review, self._compared = on, compared

    def show_log(self, on: bool) -> None:
        """Show or hide the log from the next `arrange` on."""
        self._log = on

    def show_picture_only(self, on: bool) -> None:
        """Hide everything but the picture from the next `arrange` on."""
        self._picture_only = on

    def show_still(self, still: bool, several_files: bool) -> None:
        """Pictures have no time: files instead of curves from the next `arrange` on."""
        self._still, self._several_files = still, several_files

    def arrange(self, window: QMainWindow, toolbar: QWidget, settings: Settings) -> None:
        """Show and hide the parts of the window as all of this asks for."""
        panels, whole = self._panels, not self._picture_only
        timeline = settings.show_timeline and whole
        panels.timeline.setVisible(timeline and not self._still)
        panels.files.setVisible(timeline and self._still and self._several_files)
        panels.log.setVisible(self._log and whole)
        panels.distribution.setVisible(settings.show_distribution)
        # Where there is no room for all of them, the lists go first in a review.
        needed = _ROOM_FOR_FOUR if self._compared else _ROOM_FOR_THREE
        room = not self._review or window.height() >= needed
        panels.purification.setVisible(settings.show_purification and room)
        panels.movements.setVisible(settings.show_movements)
        # Somebody asked for the movements, so there the list goes.
        least = _ROOM_FOR_THREE if self._compared else _ROOM_FOR_MOVEMENTS
        crowded = settings.show_movements and window.height() < least
        self._notes.setVisible(self._review and not crowded)
        self._comparison.setVisible(self._review and self._compared)
        self._bar.setVisible(self._review and whole)
        right = (settings.show_distribution, settings.show_purification, settings.show_movements)
        self.right.setVisible((any(right) or self._review) and whole)
        panels.purification.show_still(self._still)
        toolbar.setVisible(settings.show_toolbar and whole)
        window.menuBar().setVisible(whole)
        panels.status.setVisible(whole)
        centre = self.across.parentWidget()
        layout = centre.layout() if centre is not None else None
        if layout is not None:
            layout.setContentsMargins(*(_MARGINS if whole else (0, 0, 0, 0)))
        panels.video.set_square(not whole)
        panels.log.refresh()

    def room_for_notices(self, size: QSize, faces: Iterable[QRect]) -> QRect:
        """Where notices of `size` cover no face, in the coordinates of the central widget.

        Over the timeline or the files; without them in the corner of the picture that is freest.
        `faces` in the coordinates of the video panel.
        """
        video = self._panels.video
        for panel in (self._panels.timeline, self._panels.files, self._panels.log):
            if panel.isVisible():
                area = panel.rect().translated(panel.mapTo(self.across, QPoint()))
                spot = QRect(area.bottomRight() - QPoint(size.width() + _EDGE, 0), size)
                spot.moveBottom(area.bottom() - _EDGE)
                return spot.translated(self.across.pos())
        area = video.rect().translated(video.mapTo(self.across, QPoint()))
        area = area.adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        taken = [face.translated(video.mapTo(self.across, QPoint())) for face in faces]
        corners = []
        for x in (area.right() - size.width(), area.left()):
            for y in (area.top(), area.bottom() - size.height()):
                corners.append(QRect(QPoint(x, y), size))
        best = min(corners, key=lambda spot: sum(_area(spot.intersected(face)) for face in taken))
        return best.translated(self.across.pos())

    def save(self, window: QMainWindow) -> None:
        """Remember place, size and division of the window."""
        store = geometry_store()
        store.setValue("window", window.saveGeometry())
        for name in _NAMES:
            store.setValue(f"{_VERSION}/{name}", getattr(self, name).saveState())

    def restore(self, window: QMainWindow) -> None:
        """As it was left, or as it is best at 1280x800; never larger than the screen."""
        store = geometry_store()
        window.resize(*_BEST)
        if store.contains("window"):
            window.restoreGeometry(store.value("window"))
        if store.contains(f"{_VERSION}/{_NAMES[0]}"):
            for name in _NAMES:
                getattr(self, name).restoreState(store.value(f"{_VERSION}/{name}"))
        else:
            self.across.setSizes([770, 500])
            self.left.setSizes([530, 130, 200, 200, 150])
            self.right.setSizes([310, 160, 200, 234, 234])
        fit(window, window.screen().availableGeometry())


def fit(window: QMainWindow, available: QRect) -> None:
    """Make the window with its frame no larger than the `available` part of the screen."""
    most = QSize(available.width() - _FRAME[0], available.height() - _FRAME[1])
    if window.isMaximized() or window.isFullScreen():
        return
    size = window.size().boundedTo(most).expandedTo(window.minimumSize())
    if size == window.size() and available.contains(window.geometry()):
        return
    window.resize(size)
    left = available.left() + max(0, available.width() - size.width()) // 2
    room = max(_FRAME[1] - _FRAME[0] // 2, (available.height() - size.height()) // 2)
    window.move(left, available.top() + min(room, max(0, available.height() - size.height())))


def geometry_store() -> QSettings:
    """An ini file, apart from what the person chose."""
    return QSettings(str(state_dir() / "window.ini"), QSettings.Format.IniFormat)


def _area(rectangle: QRect) -> int:
    return rectangle.width() * rectangle.height() if rectangle.isValid() else 0


class _Handle(QSplitterHandle):
    """The gap between two cards; it needs no decoration."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Nothing."""


class _Splitter(QSplitter):
    # A style sheet would do the same but cuts its children off from changes of the palette.
    def createHandle(self) -> QSplitterHandle:  # noqa: N802
        return _Handle(self.orientation(), self)


def _splitter(orientation: Qt.Orientation, *parts: tuple[QWidget, int]) -> QSplitter:
    splitter = _Splitter(orientation)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(8)
    for index, (widget, stretch) in enumerate(parts):
        splitter.addWidget(widget)
        splitter.setStretchFactor(index, stretch)
    return splitter
