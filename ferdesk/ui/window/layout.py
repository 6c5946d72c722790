"""How the window is divided among the panels, and where that is remembered."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QSettings, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QSplitterHandle, QWidget

from ferdesk.paths import state_dir
from ferdesk.ui.window.live import Panels

SMALLEST: Final = (900, 600)
"""Width and height that the window needs."""
_NAMES = ("left", "right", "across", "outer")


class Division:
    """Video over timeline, expression over the answers, these side by side, the log beneath."""

    def __init__(self, panels: Panels) -> None:
        down, across = Qt.Orientation.Vertical, Qt.Orientation.Horizontal
        self.left = _splitter(down, (panels.video, 3), (panels.timeline, 1))
        self.right = _splitter(down, (panels.distribution, 2), (panels.purification, 3))
        self.across = _splitter(across, (self.left, 3), (self.right, 2))
        self.outer = _splitter(down, (self.across, 4), (panels.log, 1))
        self._log = panels.log

    def show_log(self, window: QMainWindow, on: bool) -> None:
        """Show or hide the log; above it the panels keep the height that they need."""
        self._log.setVisible(on)
        # How much that is the layouts know only after they have heard of the log.
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        centre = window.centralWidget()
        assert centre is not None
        needed = window.height() - centre.height() + centre.minimumSizeHint().height() if on else 0
        window.setMinimumHeight(max(SMALLEST[1], needed))
        self._log.refresh()

    def save(self, window: QMainWindow) -> None:
        """Remember place, size and division of the window."""
        store = geometry_store()
        store.setValue("window", window.saveGeometry())
        for name in _NAMES:
            store.setValue(name, getattr(self, name).saveState())

    def restore(self, window: QMainWindow) -> None:
        """As it was left, or as it is best at 1280x800."""
        store = geometry_store()
        window.resize(1280, 800)
        if store.contains("window"):
            window.restoreGeometry(store.value("window"))
            for name in _NAMES:
                getattr(self, name).restoreState(store.value(name))
        else:
            self.across.setSizes([770, 500])
            self.left.setSizes([530, 200])
            self.right.setSizes([298, 406])


def geometry_store() -> QSettings:
    """An ini file, apart from what the person chose."""
    return QSettings(str(state_dir() / "window.ini"), QSettings.Format.IniFormat)


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
