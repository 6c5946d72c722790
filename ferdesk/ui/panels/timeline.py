"""The seven probabilities of the shown face over the last seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS, Scheme
from ferdesk.ui.panels.late_plot import LatePlot
from ferdesk.ui.panels.panel import Chip, Panel
from ferdesk.ui.state.course import Course
from ferdesk.ui.state.history import History
from ferdesk.ui.state.shown import Shown
from ferdesk.ui.state.time_view import TimeView

if TYPE_CHECKING:
    from ferdesk.ui.panels.plot import TimePlot


_COURSE_SECONDS: Final = 1.0


class TimelinePanel(Panel):
    """Curves with a legend that switches them, a read-out under the pointer and gaps."""

    seconds_chosen = Signal(int)
    moment_wanted = Signal(float)
    """The person clicked at this time on the axis of the curves."""
    followed = Signal()
    """The person wants to see now again."""

    def __init__(self, choices: dict[int, str], parent: QWidget | None = None) -> None:
        super().__init__("Timeline", parent)
        self.time = TimeView()
        self.course: Course | None = None
        """Everything since the source began; None where the last seconds are all there is."""
        self._now = 0.0
        self._of_file = False
        self._drawn = 0.0
        self._threshold = 0.0
        self.marks: list[tuple[float, str]] = []
        """Events as (time on the axis of the curves, label)."""
        names = [DISPLAY_NAMES[name] for name in EXPRESSIONS]
        self.place = LatePlot(
            "Probabilities of the seven expressions over time", names, EXPRESSION_QCOLORS
        )
        self.place.change("pointer", self._connect_pointer)
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
        self.title.setToolTip(
            "Click: that moment. Wheel: more or less time. Drag, or Shift and wheel: earlier, later"
        )
        self.back = QToolButton()
        self.back.setText("Now")
        self.back.setToolTip("Show the last seconds again")
        self.back.setAutoRaise(True)
        self.back.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.back.clicked.connect(self.follow)
        self.back.clicked.connect(self.followed)
        self.back.hide()
        self.header.addLayout(legend)
        self.header.addWidget(self.back)
        self.header.addWidget(self.length)
        self.body.addWidget(self.place, 1)
        self.setMinimumHeight(150)

    @property
    def plot(self) -> TimePlot:
        """The plot, made now if need be."""
        return self.place.plot

    # Looking back

    def zoom(self, steps: float, at: float | None = None) -> None:
        """More of the time since the source began (below 0), or less."""
        self._move(lambda start: self.time.zoom(steps, at, start, self._now))

    def shift(self, seconds: float) -> None:
        """Later, or earlier below 0."""
        self._move(lambda start: self.time.shift(seconds, start, self._now))

    def show_whole(self) -> None:
        """From the start of the source."""
        self._move(lambda start: self.time.whole(start, self._now))

    def follow(self) -> None:
        """The last seconds again."""
        self.time.follow()
        self._take_view()

    def show_moment(self, time: float | None) -> None:
        """Mark the moment that is looked at, in view and at rest; None: no longer."""
        if time is not None:
            self._move(lambda start: self.time.show(time, start, self._now))
        self.place.change("moment", lambda plot: plot.show_moment(time))

    def _move(self, change: Callable[[float], None]) -> None:
        start = self.course.first_time if self.course is not None else None
        if start is None:
            return
        change(start)
        self._take_view()
        self._draw_course()

    def _take_view(self) -> None:
        self.place.change("seconds", lambda plot: plot.set_seconds(self.time.span))
        self.back.setVisible(not self.time.follows)
        self._drawn = 0.0

    def _connect_pointer(self, plot: TimePlot) -> None:
        pointer = plot.pointer
        pointer.clicked.connect(self.moment_wanted)
        pointer.zoomed.connect(lambda steps, at: self.zoom(steps, at))
        pointer.dragged.connect(lambda seconds: self.shift(-seconds))
        pointer.scrolled.connect(lambda steps: self.shift(-steps * self.time.span * 0.1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Names, or three letters of each, or these in the place of the title.
        widgets = (self.title, self.back, self.length)
        room = self.width() - sum(widget.sizeHint().width() for widget in widgets) - 64
        short = sum(chip.sizeHint().width() + 2 for chip in self.chips) > room
        for chip in self.chips:
            chip.short = short
        shortest = sum(chip.minimumSizeHint().width() + 2 for chip in self.chips)
        self.title.setVisible(shortest <= room)
        super().resizeEvent(event)

    def _show_curve(self, index: int, on: bool) -> None:
        self.place.change(f"curve {index}", lambda plot: plot.set_visible(index, on))

    def set_seconds(self, seconds: int) -> None:
        """Show the last `seconds`."""
        self.time.usual = float(seconds)
        self.follow()
        self.length.setCurrentIndex(self.length.findData(seconds))

    def present(self, shown: Shown) -> None:
        """Stretches less reliable than its threshold are marked as unsure by `refresh`."""
        self._threshold = shown.threshold

    def refresh(self, history: History | None, now: float, *, of_file: bool = False) -> None:
        """Draw the history so that `now` is at the right edge; `of_file` as in the plot."""
        self._now, self._of_file = now, of_file
        if self.course is not None and not self.time.follows:
            self._draw_course()
            return
        if self.place.made:
            self.plot.show_marks(self.marks, now)
        if history is None:
            if self.place.made:
                self.plot.clear()
            return
        since = now - self.time.span
        times, probabilities, _ = history.window(since)
        # The whole stretch is judged by the limit of now, as if it had been in force before.
        marked = history.reliability(since) < self._threshold
        self.plot.show_window(times, probabilities, now, marked, of_file=of_file)

    def _draw_course(self) -> None:
        """What was shown, in the part of the time that is looked at; once per second is enough."""
        clock = time.monotonic()
        if self.course is None or clock - self._drawn < _COURSE_SECONDS:
            return
        self._drawn = clock
        first, last = self.time.edges(self._now)
        times, probabilities, reliability = self.course.window(first, last)
        marked = reliability < self._threshold
        self.plot.show_marks(self.marks, last)
        self.plot.show_window(
            times, probabilities, self._now, marked, of_file=self._of_file, end=last
        )

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self.place.change("scheme", lambda plot: plot.restyle(scheme))
