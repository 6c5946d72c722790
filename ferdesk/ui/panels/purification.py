"""How the answer was reached: what each check said, and which of them counted.

Nothing here asks the reader to know the paper. Its symbols are in tooltips.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import Scheme, font
from ferdesk.ui.panels.late_plot import LatePlot
from ferdesk.ui.panels.panel import MutedLabel, Panel
from ferdesk.ui.panels.tabs import PURIFICATION, TitleTabs
from ferdesk.ui.panels.views import VIEW_COLOURS, ViewTable
from ferdesk.ui.state.explanation import VIEWS, explain
from ferdesk.ui.state.history import History
from ferdesk.ui.state.shown import Shown

if TYPE_CHECKING:
    from ferdesk.ui.panels.plot import TimePlot

_LONGEST: Final = (
    "The nearest examples point to Happiness, the attention check to Surprise; the first guess "
    "Sadness leads because it is more decided. It is close between Happiness and Surprise."
)
_WAITING: Final = "The reasons appear here as soon as a face is in view."


class PurificationPanel(Panel):
    """A sentence, a table of the five answers, and how decided four of them were over time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(PURIFICATION, parent)
        self.tabs = TitleTabs(PURIFICATION)
        self.set_title(self.tabs)
        self._seconds = 20
        self._still = False
        self.sentence = PlainLabel(_WAITING)
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.sentence.setAccessibleName("The reason in plain words")
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.table = ViewTable()
        self.place = LatePlot(
            "How decided each answer was over time",
            [view.title for view in VIEWS[:4]],
            VIEW_COLOURS,
            widths=(2.2, 1.6, 1.6, 1.6),
            end_labels=[view.short for view in VIEWS[:4]],
        )
        self.place.setMinimumHeight(70)
        self.caption = MutedLabel("How decided each answer was over time")
        self.caption.setFont(font(0.9))
        self.caption.setToolTip(
            "0 %: all seven expressions look equally likely; 100 %: only one is left (c_p, c_g, "
            "c_a and c_t, one minus the normalised entropy)."
        )
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.table, 3)
        self.body.addWidget(self.caption)
        self.body.addWidget(self.place, 2)
        self.setMinimumSize(340, 240)

    @property
    def plot(self) -> TimePlot:
        """The plot, made now if need be."""
        return self.place.plot

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Room for the longest sentence, so that nothing below moves when it changes.
        width = self.width() - 28
        area = self.sentence.fontMetrics().boundingRect(
            QRect(0, 0, width, 1000), int(Qt.TextFlag.TextWordWrap), _LONGEST
        )
        self.sentence.setFixedHeight(area.height() + 2)
        self._show_plot()
        super().resizeEvent(event)

    def show_still(self, still: bool) -> None:
        """A picture has no time: no curves."""
        self._still = still
        self._show_plot()

    def _show_plot(self) -> None:
        tall = self.height() - self.sentence.height() > 362 and not self._still
        self.caption.setVisible(tall)
        self.place.setVisible(tall)

    def set_seconds(self, seconds: int) -> None:
        """Show the last `seconds`, as the timeline does."""
        self._seconds = seconds
        self.place.change("seconds", lambda plot: plot.set_seconds(seconds))

    def present(self, shown: Shown) -> None:
        """Take this; without a face the table is empty. See `refresh_text`."""
        self.table.shown = shown

    def refresh(self, history: History | None, now: float, *, of_file: bool = False) -> None:
        """Draw the confidences so that `now` is at the right edge; `of_file` as in the plot."""
        if history is None:
            if self.place.made:
                self.plot.clear()
            return
        times, _, confidences = history.window(now - self._seconds)
        self.plot.show_window(times, confidences, now, of_file=of_file)

    def refresh_text(self) -> None:
        """Draw table and sentence of one and the same reading, slowly enough to be read."""
        shown = self.table.shown
        face = shown.written_face
        self.sentence.setText(explain(face, shown.threshold) if face is not None else _WAITING)
        self.table.refresh_text()

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self.place.change("scheme", lambda plot: plot.restyle(scheme))
