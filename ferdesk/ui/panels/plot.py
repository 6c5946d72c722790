"""A scrolling plot of shares over the last seconds, built for cheap updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ferdesk.durations import clock
from ferdesk.pipeline.types import UNSURE
from ferdesk.ui.paint.overlay import percent
from ferdesk.ui.paint.theme import Scheme, current_scheme, font
from ferdesk.ui.panels.bands import Bands, runs
from ferdesk.ui.panels.end_labels import EndLabels
from ferdesk.ui.panels.marks import Marks
from ferdesk.ui.panels.plot_pointer import PlotPointer

pg.setConfigOptions(antialias=False, imageAxisOrder="row-major")

_TICKS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
"""Seconds between names on the axis."""
_NEAR_SECONDS: Final = 0.75
"""A reading counts as being under the pointer when it is not farther away than this."""


class TimePlot(QWidget):
    """Curves over [-seconds, 0], from 0 to 100 %. NaN interrupts a curve."""

    def __init__(
        self,
        names: Sequence[str],
        colours: Sequence[QColor | None],
        *,
        widths: Sequence[float] | None = None,
        end_labels: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        """`colours[i]` None means the text colour of the scheme."""
        super().__init__(parent)
        self._names = tuple(names)
        self._colours = tuple(colours)
        self._widths = tuple(widths or [1.6] * len(self._names))
        self._x: NDArray[np.float64] = np.empty(0)
        self._rows: NDArray[np.float32] = np.empty((len(self._names), 0), np.float32)
        self._marked: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._seconds = 20.0
        self._now = self._end = 0.0
        self.moment: float | None = None
        """The moment that is looked at."""

        self.view = pg.PlotWidget(parent=self)
        self.view.setFrameShape(self.view.Shape.NoFrame)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setMenuEnabled(False)
        self.view.setMouseEnabled(False, False)
        self.view.hideButtons()
        self.item = self.view.getPlotItem()
        self.item.layout.setContentsMargins(0, 8, 16, 0)
        self.item.disableAutoRange()
        self.item.setYRange(-0.02, 1.02, padding=0)
        # Lines of our own: pyqtgraph's grid would drop the labels at both ends of an axis.
        self._across = [self._line(0, share) for share in (0.0, 0.5, 1.0)]
        self._upright: list[pg.InfiniteLine] = []
        self._of_file = False
        """Whether the axis names times of a file, or else how long ago they were."""
        for side in ("left", "bottom"):
            axis = self.item.getAxis(side)
            axis.setStyle(
                tickLength=0, tickFont=font(0.85, digits=True), hideOverlappingLabels=False
            )
        self.item.getAxis("left").setTicks([[(0.0, "0"), (0.5, "50 %"), (1.0, "100 %")]])
        self.item.getAxis("left").setWidth(self.fontMetrics().horizontalAdvance("100 %") + 6)
        self.curves = [self.item.plot(connect="finite") for _ in self._names]
        self.bands = Bands()
        self.item.addItem(self.bands, ignoreBounds=True)
        self.marks = Marks()
        self.item.addItem(self.marks, ignoreBounds=True)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        self.item.addItem(self._cursor, ignoreBounds=True)
        self._needle = pg.InfiniteLine(angle=90, movable=False)
        self._needle.setZValue(6)
        self._needle.hide()
        self.item.addItem(self._needle, ignoreBounds=True)

        self._readout = QLabel(self)
        self._readout.setAutoFillBackground(True)
        self._readout.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self._readout.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self._readout.setFont(font(0.92, digits=True))
        self._readout.setMargin(7)
        self._readout.setFrameShape(QLabel.Shape.StyledPanel)
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.hide()
        self._ends = EndLabels(self, tuple(end_labels)) if end_labels else None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        if self._ends is not None:
            layout.addWidget(self._ends)
        self.view.scene().sigMouseMoved.connect(self._hover)
        self.pointer = PlotPointer(self.view.viewport(), self._time_at)
        self.pointer.left.connect(self._left)
        self.set_seconds(self._seconds)
        self.restyle(current_scheme())

    def colour(self, index: int) -> QColor:
        """The colour of a curve in the current scheme."""
        return self._colours[index] or QColor(current_scheme().text)

    def set_seconds(self, seconds: float) -> None:
        """Show so many seconds."""
        self._seconds = seconds
        self.item.setXRange(-seconds, 0, padding=0)
        self._name_times()

    def _name_times(self) -> None:
        """Ticks and lines: times of the file, else how long ago."""
        step = next((s for s in _TICKS if s >= self._seconds / 5), _TICKS[-1])
        if self._of_file:
            first = max(0, math.ceil((self._end - self._seconds) / step)) * step
            times = range(first, int(self._end) + 1, step)
            marks = [(t - self._end, clock(t)) for t in times]
            named = marks
        else:
            ago = self._now - self._end
            first, last = math.floor(ago / step) + 1, math.ceil((ago + self._seconds) / step)
            marks = [(ago - n * step, _ago(n * step)) for n in range(first, last)]
            named = [*marks, (0.0, "now" if ago < 0.5 else _ago(round(ago)))]
            if ago >= 0.5:
                named = [m for m in marks if m[0] < -0.12 * self._seconds] + named[-1:]
        self.item.getAxis("bottom").setTicks([named])
        while len(self._upright) < len(marks):
            self._upright.append(self._line(90, 0.0))
            self._paint_grid(current_scheme())
        for index, line in enumerate(self._upright):
            line.setVisible(index < len(marks))
            if index < len(marks):
                line.setValue(marks[index][0])

    def set_visible(self, index: int, visible: bool) -> None:
        """Show or hide one curve."""
        self.curves[index].setVisible(visible)

    def show_window(
        self,
        times: NDArray[np.float64],
        rows: NDArray[np.float32],
        now: float,
        marked: NDArray[np.bool_] | None = None,
        *,
        of_file: bool = False,
        end: float | None = None,
    ) -> None:
        """Draw (N,) times and (curves, N) values; `end` (None: `now`) is at the right edge.

        Readings that are `marked` (N,) are hatched: their label was withheld. With `of_file` the
        axis names the times themselves, those of a file, else how long before `now` they were.
        """
        before = self._of_file, self._now - self._end
        self._now, self._end, self._of_file = now, now if end is None else end, of_file
        if of_file or before != (False, self._now - self._end):
            self._name_times()
        self._x, self._rows = times - self._end, rows
        self._place_needle()
        self._marked = np.zeros(len(times), np.bool_) if marked is None else marked
        self.bands.show_runs(runs(self._x, self._marked))
        for curve, row in zip(self.curves, rows, strict=True):
            if curve.isVisible():
                curve.setData(self._x, row)
        if self._ends is not None:
            self._ends.update()
        if self._cursor.isVisible():
            self._describe(self._cursor.value())
        elif self.moment is not None:
            self._describe(self.moment - self._end)

    def show_moment(self, time: float | None) -> None:
        """Mark the moment that is looked at, with what was read then; None: no longer."""
        self.moment = time
        self._place_needle()
        if time is not None:
            self._describe(time - self._end)
        elif not self._cursor.isVisible():
            self._readout.hide()

    def _place_needle(self) -> None:
        moment = self.moment
        seen = moment is not None and -self._seconds <= moment - self._end <= 0
        self._needle.setVisible(seen)
        if moment is not None:
            self._needle.setValue(moment - self._end)

    def show_marks(self, marks: Sequence[tuple[float, str]], end: float) -> None:
        """Flag the (time, label) that lie within the window ending at `end`."""
        seen = [(at - end, label) for at, label in marks if 0 <= end - at <= self._seconds]
        self.marks.show_marks(seen)

    def clear(self) -> None:
        """No data."""
        nothing = np.empty((len(self._names), 0), np.float32)
        self.show_window(np.empty(0), nothing, self._now, of_file=self._of_file, end=self._end)

    def last_values(self) -> list[float]:
        """The newest value of each curve; NaN in a gap or without data."""
        if not self._x.size:
            return [float("nan")] * len(self._names)
        return [float(value) for value in self._rows[:, -1]]

    def height_of(self, value: float) -> float:
        """Vertical position of `value` in this widget, in pixels."""
        box = self.item.getViewBox()
        scene = box.mapViewToScene(QPointF(0.0, value))
        return float(self.view.mapFromScene(scene).y())

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`; pyqtgraph does not follow the palette by itself."""
        self.view.setBackground(scheme.card)
        for side in ("left", "bottom"):
            axis = self.item.getAxis(side)
            axis.setPen(pg.mkPen(scheme.border, width=1))
            axis.setTextPen(pg.mkPen(scheme.muted))
        self._paint_grid(scheme)
        self.bands.restyle(scheme)
        self.marks.restyle(scheme)
        self._cursor.setPen(pg.mkPen(scheme.muted, width=1))
        self._needle.setPen(pg.mkPen(scheme.error, width=2))
        for index, curve in enumerate(self.curves):
            curve.setPen(pg.mkPen(self.colour(index), width=self._widths[index]))

    def _line(self, angle: int, at: float) -> pg.InfiniteLine:
        line = pg.InfiniteLine(at, angle=angle, movable=False)
        line.setZValue(-10)
        self.item.addItem(line, ignoreBounds=True)
        return line

    def _paint_grid(self, scheme: Scheme) -> None:
        for line in (*self._across, *self._upright):
            line.setPen(pg.mkPen(scheme.track, width=1))

    def _time_at(self, x: float) -> float:
        """The time at a horizontal position of the view, in pixels."""
        scene = self.view.mapToScene(int(x), 0)
        return self._end + float(self.item.getViewBox().mapSceneToView(scene).x())

    def _left(self) -> None:
        self._cursor.hide()
        self._readout.hide()
        if self.moment is not None:
            self._describe(self.moment - self._end)

    def _hover(self, position: QPointF) -> None:
        box = self.item.getViewBox()
        if not box.sceneBoundingRect().contains(position) or not self._x.size:
            self._readout.hide()
            self._cursor.hide()
            return
        x = float(box.mapSceneToView(position).x())
        self._cursor.setValue(x)
        self._cursor.show()
        self._describe(x)

    def _describe(self, x: float) -> None:
        """Fill and place the read-out for the reading nearest to `x` seconds."""
        if not self._x.size:
            self._readout.hide()
            return
        nearest = int(np.abs(self._x - x).argmin())
        values = self._rows[:, nearest]
        if abs(float(self._x[nearest]) - x) > _NEAR_SECONDS or bool(np.isnan(values[0])):
            lines = "<i>no face</i>"
        else:
            lines = "".join(
                f"<tr><td style='color:{self.colour(i).name()}'>●</td><td>&nbsp;{self._names[i]}"
                f"&nbsp;&nbsp;</td><td align='right'>{percent(float(value)).replace('<', '&lt;')}"
                "</td></tr>"
                for i, value in enumerate(values)
                if self.curves[i].isVisible()
            )
            lines = f"<table cellspacing='0'>{lines}</table>"
            if self._marked[nearest]:
                lines = f" · <i>{UNSURE}</i>{lines}"
        at, ago = self._end + x, self._now - self._end - x
        when = clock(max(0.0, at), tenths=True)
        if not self._of_file:
            when = f"{ago:.1f} s ago" if ago < 60 else f"{clock(ago)} ago"
        self._readout.setText(f"<b>{when}</b>{lines}")
        self._readout.adjustSize()
        scene = self.item.getViewBox().mapViewToScene(QPointF(x, 0.5))
        place = self.view.mapFromScene(scene).x()
        right = place + 14 + self._readout.width() < self.width()
        left = place + 14 if right else place - 14 - self._readout.width()
        top = max(0, min(6, self.height() - self._readout.height()))
        self._readout.move(int(left), top)
        self._readout.show()
        self._readout.raise_()


def _ago(seconds: int) -> str:
    return f"−{seconds} s" if seconds < 60 else f"−{clock(seconds)}"
