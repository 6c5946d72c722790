"""A scrolling plot of shares over the last seconds, built for cheap updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ferdesk.pipeline.types import UNSURE
from ferdesk.ui.paint.overlay import percent
from ferdesk.ui.paint.theme import Scheme, current_scheme, font
from ferdesk.ui.panels.bands import Bands, runs
from ferdesk.ui.panels.marks import Marks
from ferdesk.ui.state.recording_plan import clock

pg.setConfigOptions(antialias=False, imageAxisOrder="row-major")

_GAP_PX: Final = 2
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
        self._seconds = 20

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
        self._file_time: float | None = None
        """The time of the file at the right edge; None where the axis says how long ago."""
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

        self._readout = QLabel(self)
        self._readout.setAutoFillBackground(True)
        self._readout.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self._readout.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self._readout.setFont(font(0.92, digits=True))
        self._readout.setMargin(7)
        self._readout.setFrameShape(QLabel.Shape.StyledPanel)
        self._readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._readout.hide()
        self._ends = _EndLabels(self, tuple(end_labels)) if end_labels else None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        if self._ends is not None:
            layout.addWidget(self._ends)
        self.view.scene().sigMouseMoved.connect(self._hover)
        self.view.viewport().installEventFilter(self)
        self.set_seconds(self._seconds)
        self.restyle(current_scheme())

    def colour(self, index: int) -> QColor:
        """The colour of a curve in the current scheme."""
        return self._colours[index] or QColor(current_scheme().text)

    def set_seconds(self, seconds: int) -> None:
        """Show the last `seconds`."""
        self._seconds = seconds
        self.item.setXRange(-seconds, 0, padding=0)
        self._name_times(self._file_time)

    def _name_times(self, file_time: float | None) -> None:
        """Ticks and lines: times of the file that ends at `file_time`, else how long ago."""
        self._file_time, seconds = file_time, self._seconds
        step = {10: 2, 20: 5, 30: 5, 60: 10}.get(seconds, max(1, seconds // 5))
        if file_time is None:
            marks = [(float(-t), f"−{t} s") for t in range(step, seconds, step)]
            self.item.getAxis("bottom").setTicks([[*marks, (0.0, "now")]])
        else:
            first = max(0, math.ceil((file_time - seconds) / step)) * step
            times = range(first, int(file_time) + 1, step)
            marks = [(t - file_time, clock(t)) for t in times]
            self.item.getAxis("bottom").setTicks([marks])
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
    ) -> None:
        """Draw (N,) times and (curves, N) values so that `now` is at the right edge.

        Readings that are `marked` (N,) are hatched: their label was withheld. With `of_file` the
        axis names the times themselves, those of a file, else how long ago they were.
        """
        if of_file or self._file_time is not None:
            self._name_times(now if of_file else None)
        self._x, self._rows = times - now, rows
        self._marked = np.zeros(len(times), np.bool_) if marked is None else marked
        self.bands.show_runs(runs(self._x, self._marked))
        for curve, row in zip(self.curves, rows, strict=True):
            if curve.isVisible():
                curve.setData(self._x, row)
        if self._ends is not None:
            self._ends.update()
        if self._readout.isVisible():
            self._describe(self._cursor.value())

    def show_marks(self, marks: Sequence[tuple[float, str]], now: float) -> None:
        """Flag the (time, label) that lie within the window ending at `now`."""
        seen = [(at - now, label) for at, label in marks if 0 <= now - at <= self._seconds]
        self.marks.show_marks(seen)

    def clear(self) -> None:
        """No data."""
        now, nothing = self._file_time, np.empty((len(self._names), 0), np.float32)
        self.show_window(np.empty(0), nothing, now or 0.0, of_file=now is not None)

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

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._readout.hide()
            self._cursor.hide()
        return super().eventFilter(watched, event)

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
        at = self._file_time
        when = f"{-x:.1f} s ago" if at is None else clock(max(0.0, at + x), tenths=True)
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


class _EndLabels(QWidget):
    """Names at the right end of the curves, moved apart where they would overlap."""

    def __init__(self, plot: TimePlot, names: tuple[str, ...]) -> None:
        super().__init__(plot)
        self._plot = plot
        self._names = names
        self.setFont(font(0.85))
        self.ensurePolished()
        width = max(self.fontMetrics().horizontalAdvance(name) for name in names)
        self.setFixedWidth(width + 2)

    def paintEvent(self, _event: QPaintEvent) -> None:
        values = self._plot.last_values()
        rows = sorted(
            (self._plot.height_of(value), index)
            for index, value in enumerate(values)
            if not np.isnan(value)
        )
        if not rows:
            return
        line = self.fontMetrics().height() + _GAP_PX - 3
        tops = [y - line / 2 for y, _ in rows]
        for i in range(1, len(tops)):
            tops[i] = max(tops[i], tops[i - 1] + line)
        # Push back up what was pushed out at the bottom.
        limit = self._plot.height_of(0.0) + line / 2
        for i in reversed(range(len(tops))):
            tops[i] = min(tops[i], limit - line * (len(tops) - i))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for top, (_, index) in zip(tops, rows, strict=True):
            painter.setPen(QPen(self._plot.colour(index)))
            painter.drawText(
                QRectF(0, top, self.width(), line),
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
                self._names[index],
            )
        painter.end()
