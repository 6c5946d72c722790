"""One slider: label more faces, or make fewer mistakes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from ferdesk.model.reliability import RiskCoverage, RiskRow
from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.panel import ElidedLabel, MutedLabel
from ferdesk.ui.state import reliability_words

_TIP = (
    "How many faces get a label. To the left every face does; to the right labels of little "
    "reliability read Unsure, and fewer of the labels that remain are wrong.\n"
    "The figures were measured on pictures of faces that the model was not trained on. Live video "
    "may differ."
)


class CoverageSlider(QWidget):
    """Offers the rows of the checkpoint's table, the one that labels most at the left."""

    chosen = Signal(float)
    """The person wants this share of faces labelled (0..1, whole per cent)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[RiskRow, ...] = ()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setPageStep(2)
        self.slider.setAccessibleName("Label more faces, or make fewer mistakes")
        self.slider.setMinimumWidth(80)
        self.more, self.fewer = MutedLabel("Label more faces"), MutedLabel("Make fewer mistakes")
        self.promise = ElidedLabel()
        for label in (self.more, self.fewer, self.promise):
            label.setFont(font(0.88, digits=True))
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.more)
        line.addWidget(self.slider, 1)
        line.addWidget(self.fewer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addLayout(line)
        layout.addWidget(self.promise)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.valueChanged.connect(self._moved)
        self.show_table(None, 1.0, reliability_words.NO_CHECKPOINT)

    def show_table(self, table: RiskCoverage | None, coverage: float, why_not: str = "") -> None:
        """Offer the rows of `table` and mark the one in force; without one, say `why_not`."""
        self._rows = reliability_words.steps(table) if table is not None else ()
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(self._rows) - 1))
        if table is not None:
            row = table.for_coverage(coverage)
            # A wish for fewer labels than the slider offers is met at its end.
            at = self._rows.index(row) if row in self._rows else len(self._rows) - 1
            self.slider.setValue(at)
        self.slider.blockSignals(False)
        self.slider.setEnabled(bool(self._rows))
        for label in (self.more, self.fewer):
            label.setEnabled(bool(self._rows))
        for widget in (self, self.slider):
            widget.setToolTip(_TIP if self._rows else why_not)
        self._describe()

    @property
    def threshold(self) -> float:
        """The operating point in force: a reliability, 0 where every face is labelled."""
        return self._rows[self.slider.value()].threshold if self._rows else 0.0

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._describe()
        super().resizeEvent(event)

    def _moved(self, value: int) -> None:
        self._describe()
        self.chosen.emit(round(self._rows[value].coverage, 2))

    def _describe(self) -> None:
        text, short = "Labels every face", ""
        if self._rows:
            text = reliability_words.promise(self._rows[self.slider.value()])
            if self.promise.fontMetrics().horizontalAdvance(text) > self.width():
                short = reliability_words.promise(self._rows[self.slider.value()], short=True)
        self.promise.setText(short or text)
        self.promise.setToolTip(f"{text}.\n{_TIP}" if self._rows else self.toolTip())
        self.slider.setAccessibleDescription(text)
