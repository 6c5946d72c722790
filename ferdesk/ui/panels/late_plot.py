"""The place of a plot that is made after the window was painted for the first time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

if TYPE_CHECKING:
    from ferdesk.ui.panels.plot import TimePlot


class LatePlot(QWidget):
    """Importing pyqtgraph takes a third of the time to a visible window, so it comes afterwards."""

    def __init__(self, accessible_name: str, *arguments: Any, **options: Any) -> None:
        """The arguments of `TimePlot` behind the name."""
        super().__init__()
        self._name = accessible_name
        self._arguments, self._options = arguments, options
        self._plot: TimePlot | None = None
        self._waiting: dict[str, Callable[[TimePlot], None]] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    @property
    def made(self) -> bool:
        """Whether the plot is there."""
        return self._plot is not None

    @property
    def plot(self) -> TimePlot:
        """The plot, made now if need be."""
        if self._plot is None:
            from ferdesk.ui.panels.plot import TimePlot

            self._plot = TimePlot(*self._arguments, **self._options)
            self._plot.setAccessibleName(self._name)
            for change in self._waiting.values():
                change(self._plot)
            self._waiting.clear()
            self._layout.addWidget(self._plot)
        return self._plot

    def change(self, what: str, change: Callable[[TimePlot], None]) -> None:
        """Do it now, or when the plot is made; of several changes of one kind the last counts."""
        if self._plot is None:
            self._waiting[what] = change
        else:
            change(self._plot)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._plot is None:
            QTimer.singleShot(0, self, lambda: self.plot)
