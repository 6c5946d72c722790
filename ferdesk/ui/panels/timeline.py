"""The seven probabilities of the shown face over the last seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS, Scheme
from ferdesk.ui.panels.late_plot import LatePlot
from ferdesk.ui.panels.panel import Chip, Panel
from ferdesk.ui.state.history import History
from ferdesk.ui.state.shown import Shown

if TYPE_CHECKING:
    from ferdesk.ui.panels.plot import TimePlot


class TimelinePanel(Panel):
    """Curves with a legend that switches them, a read-out under the pointer and gaps."""

    seconds_chosen = Signal(int)

    def __init__(self, choices: dict[int, str], parent: QWidget | None = None) -> None:
        super().__init__("Timeline", parent)
        self._seconds = 20
        self._threshold = 0.0
        self.marks: list[tuple[float, str]] = []
        """Events as (time on the axis of the curves, label)."""
        names = [DISPLAY_NAMES[name] for name in EXPRESSIONS]
        self.place = LatePlot(
            "Probabilities of the seven expressions over time", names, EXPRESSION_QCOLORS
        )
        self.chips = [
            Chip(name, colour) for name, colour in zip(names, EXPRESSION_QCOLORS, strict=True)
        ]
        legend = QHBoxLayout()
        legend.setSpacing(2)
        for index, chip in enumerate(self.chips):
            chip.setToolTip(f"Show or hide {chip.text()} in the timeline")
            chip.toggled.connect(lambda on, i=index: self._show_curve(i, on))
            legend.addWidget(chip)
        self.length = QComboBox()
        self.length.setAccessibleName("Length of the timeline")
        self.length.setToolTip("How many seconds the timeline shows")
        for seconds, text in choices.items():
            self.length.addItem(text, seconds)
        self.length.activated.connect(
            lambda _index: self.seconds_chosen.emit(self.length.currentData())
        )
        self.header.addLayout(legend)
        self.header.addWidget(self.length)
        self.body.addWidget(self.place, 1)
        self.setMinimumHeight(150)

    @property
    def plot(self) -> TimePlot:
        """The plot, made now if need be."""
        return self.place.plot

    def resizeEvent(self, event: QResizeEvent) -> None:
        taken = self.title.sizeHint().width() + self.length.sizeHint().width() + 56
        short = sum(chip.sizeHint().width() + 2 for chip in self.chips) > self.width() - taken
        for chip in self.chips:
            chip.short = short
        super().resizeEvent(event)

    def _show_curve(self, index: int, on: bool) -> None:
        self.place.change(f"curve {index}", lambda plot: plot.set_visible(index, on))

    def set_seconds(self, seconds: int) -> None:
        """Show the last `seconds`."""
        self._seconds = seconds
        self.length.setCurrentIndex(self.length.findData(seconds))
        self.place.change("seconds", lambda plot: plot.set_seconds(seconds))

    def present(self, shown: Shown) -> None:
        """Stretches less reliable than its threshold are marked as unsure by `refresh`."""
        self._threshold = shown.threshold

    def refresh(self, history: History | None, now: float, *, of_file: bool = False) -> None:
        """Draw the history so that `now` is at the right edge; `of_file` as in the plot."""
        if self.place.made:
            self.plot.show_marks(self.marks, now)
        if history is None:
            if self.place.made:
                self.plot.clear()
            return
        times, probabilities, _ = history.window(now - self._seconds)
        # The whole stretch is judged by the limit of now, as if it had been in force before.
        marked = history.reliability(now - self._seconds) < self._threshold
        self.plot.show_window(times, probabilities, now, marked, of_file=of_file)

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self.place.change("scheme", lambda plot: plot.restyle(scheme))
