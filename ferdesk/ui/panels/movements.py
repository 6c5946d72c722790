"""What moves in the selected face: the strongest of MediaPipe's 52 scores, and all in a table."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.movement_bars import MovementBars
from ferdesk.ui.panels.panel import ElidedLabel, Panel
from ferdesk.ui.panels.tabs import MOVEMENTS, TitleTabs
from ferdesk.ui.state.shown import Shown

_ABOUT: Final = "Scores 0 to 1; not action units"
_ABOUT_TIP: Final = (
    "Not action units of FACS. Estimated from the landmarks by MediaPipe's face blendshape model, "
    "with the names of Apple's ARKit. They describe movement, not feelings, and ferdesk has not "
    "measured how exact they are."
)


class MovementsPanel(Panel):
    """Bars of the strongest movements; a row keeps its place until another is clearly stronger."""

    table_wanted = Signal()
    """The table of all 52."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(MOVEMENTS, parent)
        self.tabs = TitleTabs(MOVEMENTS)
        self.set_title(self.tabs)
        self.bars = MovementBars()
        self.about = ElidedLabel()
        self.about.setText(_ABOUT)
        self.about.setFont(font(0.88))
        self.about.setToolTip(_ABOUT_TIP)
        self.all = QPushButton("All 52…")
        self.all.setToolTip("Every score in a table, with its nearest action unit")
        self.all.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.all.clicked.connect(self.table_wanted)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.about, 1)
        below.addWidget(self.all)
        self.body.addWidget(self.bars, 1)
        self.body.addLayout(below)
        self.setMinimumSize(340, 172)

    def present(self, shown: Shown) -> None:
        """Take this; bars and numbers follow with `refresh` and `refresh_text`."""
        self.bars.present(shown)

    def refresh(self) -> None:
        """Draw the bars of the newest reading."""
        if self.isVisible():
            self.bars.update()

    def refresh_text(self) -> None:
        """Bring the numbers up to date; called a few times a second."""
        self.bars.refresh_text()
