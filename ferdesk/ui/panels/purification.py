"""How sure the model is: who said what before the corrections, and who was believed.

Nothing here asks the reader to know the paper. Its symbols are in small print and in tooltips.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import Scheme, font
from ferdesk.ui.panels.panel import MutedLabel, Panel
from ferdesk.ui.panels.plot import TimePlot
from ferdesk.ui.panels.views import VIEW_COLOURS, ViewTable
from ferdesk.ui.state.explanation import VIEWS, explain
from ferdesk.ui.state.history import History
from ferdesk.ui.state.shown import Shown

_LONGEST: Final = (
    "The nearest examples point to Happiness, the parts of the face to Surprise; the first guess "
    "Sadness won because it is more certain. A close call between Happiness and Surprise."
)
_WAITING: Final = "The reasons appear here as soon as a face is in view."


class PurificationPanel(Panel):
    """A sentence, a table of the five views, and the four confidences over time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How sure is the model?", parent)
        self._seconds = 20
        self.sentence = PlainLabel(_WAITING)
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.sentence.setAccessibleName("The reason in plain words")
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.table = ViewTable()
        self.plot = TimePlot(
            [view.title for view in VIEWS[:4]],
            VIEW_COLOURS,
            widths=(2.2, 1.6, 1.6, 1.6),
            end_labels=("First guess", "Nearest", "Parts", "Both"),
        )
        self.plot.setAccessibleName("Sureness of the four views over time")
        self.plot.setMinimumHeight(70)
        self.caption = MutedLabel("How sure each view was over time")
        self.caption.setFont(font(0.9))
        self.caption.setToolTip(
            "c_p, c_g, c_a and c_t: one minus the normalised entropy. 0 % means that all seven "
            "expressions look equally likely, 100 % that only one is left."
        )
        self.body.addWidget(self.sentence)
        self.body.addWidget(self.table, 3)
        self.body.addWidget(self.caption)
        self.body.addWidget(self.plot, 2)
        self.setMinimumSize(340, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Room for the longest sentence, so that nothing below moves when it changes.
        width = self.width() - 28
        area = self.sentence.fontMetrics().boundingRect(
            QRect(0, 0, width, 1000), int(Qt.TextFlag.TextWordWrap), _LONGEST
        )
        self.sentence.setFixedHeight(area.height() + 2)
        tall = self.height() - area.height() > 360
        self.caption.setVisible(tall)
        self.plot.setVisible(tall)
        super().resizeEvent(event)

    def set_seconds(self, seconds: int) -> None:
        """Show the last `seconds`, as the timeline does."""
        self._seconds = seconds
        self.plot.set_seconds(seconds)

    def present(self, shown: Shown) -> None:
        """Take the answer for one frame; without a face the table is empty. See `refresh_text`."""
        self.table.face = shown.face

    def refresh(self, history: History | None, now: float) -> None:
        """Draw the confidences so that `now` is at the right edge."""
        if history is None:
            self.plot.clear()
            return
        times, _, confidences = history.window(now - self._seconds)
        self.plot.show_window(times, confidences, now)

    def refresh_text(self) -> None:
        """Draw table and sentence of one and the same reading, slowly enough to be read."""
        face = self.table.face
        self.sentence.setText(explain(face) if face is not None else _WAITING)
        self.table.refresh_text()

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self.plot.restyle(scheme)
