"""Transport and ribbon on one card, under the picture."""

from __future__ import annotations

from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ferdesk.ui.actions import Actions
from ferdesk.ui.panels.panel import paint_card
from ferdesk.ui.review.ribbon import Ribbon
from ferdesk.ui.review.transport import Transport


class ReviewBar(QWidget):
    """Hidden while the window reads live."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Review")
        self.transport = Transport(actions)
        self.ribbon = Ribbon()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self.transport)
        layout.addWidget(self.ribbon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_card(self)
