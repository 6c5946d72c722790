"""What moves in the selected face: the strongest of MediaPipe's 52 scores, and all in a table."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.buttons import text_button
from ferdesk.ui.panels.movement_bars import MovementBars
from ferdesk.ui.panels.panel import ElidedLabel, Panel
from ferdesk.ui.panels.tabs import MOVEMENTS, TitleTabs
from ferdesk.ui.state.change_words import on_since
from ferdesk.ui.state.shown import Shown

_ABOUT: Final = "Scores 0 to 1; not action units"
_ABOUT_TIP: Final = (
    "Not action units of FACS. Estimated from the landmarks by MediaPipe's face blendshape model, "
    "with the names of Apple's ARKit. They describe movement, not feelings, and ferdesk has not "
    "measured how exact they are."
)


_CHANGE_TIP: Final = (
    "The line in a bar is the baseline; behind the score stands the change from it. Rows are "
    "chosen by how much they changed."
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
        self.all = QToolButton()
        self.all.setText("All 52…")
        self.all.setFont(font(0.92))
        self.all.setToolTip("Every score in a table, with its nearest action unit")
        self.all.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.all.clicked.connect(self.table_wanted)
        self._below = QHBoxLayout()
        self._below.setSpacing(6)
        self._below.addWidget(self.about, 1)
        self._below.addWidget(self.all)
        self.body.addWidget(self.bars, 1)
        self.body.addLayout(self._below)
        self.setMinimumSize(340, 172)

    def add_actions(self, take: QAction, remove: QAction) -> None:
        """Buttons to take and to remove a neutral baseline; the latter where there is one."""
        for place, action in enumerate((take, remove), 1):
            button = text_button(action)
            self._below.insertWidget(place, button)
            if action is remove:
                action.enabledChanged.connect(button.setVisible)
                button.setVisible(action.isEnabled())

    def set_baseline(self, since: str) -> None:
        """Since when there is a change from the neutral baseline; "" for none."""
        text = f"Baseline since {since}" if since else _ABOUT
        if text != self.about.text():
            self.about.setText(text)
            more = f"{on_since(since)} {_CHANGE_TIP}\n" if since else ""
            self.about.setToolTip(more + _ABOUT_TIP)

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
