"""What everybody is told once, before they use the program."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

from ferdesk.ui.paint.icons import icon
from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import current_scheme, font
from ferdesk.ui.panels.panel import MutedLabel

VERSION: Final = 2
"""Raised when the notice says something new, so that it is shown again."""

POINTS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "camera",
        "Nothing leaves this machine",
        "Everything is analysed here, and no frame is stored unless you ask for it. The usage "
        "reports that MediaPipe, which finds the face, would send to Google are blocked.",
    ),
    (
        "face",
        "An expression is an appearance, not a feeling",
        "ferdesk says what a face looks like in a picture. It does not know what a person feels, "
        "thinks or intends, and it is often wrong.",
    ),
    (
        "warning",
        "What it is meant for",
        "Research, user experience studies and teaching, with the consent of those in the picture. "
        "Not for decisions about people. In the European Union inferring emotions at work and in "
        "education is prohibited (EU AI Act, Article 5(1)(f)).",
    ),
)

_WIDTH: Final = 560


class FirstRunDialog(QDialog):
    """Three points and a choice. No source is opened before it was accepted."""

    declined = Signal()

    def __init__(self, parent: QWidget | None = None, *, again: bool = False) -> None:
        """`again`: shown from the Help menu, when there is nothing to accept any more."""
        super().__init__(parent)
        self.setWindowTitle("About what ferdesk does")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = PlainLabel("Before you start")
        heading.setFont(font(1.5, bold=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (symbol, title, text) in enumerate(POINTS):
            mark = PlainLabel()
            mark.setPixmap(icon(symbol, current_scheme().accent).pixmap(24, 24))
            name = PlainLabel(title)
            name.setFont(font(1.05, bold=True))
            body = MutedLabel(text)
            body.setWordWrap(True)
            body.setContentsMargins(0, 0, 0, 12)
            grid.addWidget(mark, 2 * row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(name, 2 * row, 1)
            grid.addWidget(body, 2 * row + 1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(26, 22, 26, 18)
        layout.setSpacing(16)
        layout.addWidget(heading)
        layout.addLayout(grid)
        layout.addStretch(1)
        buttons = QDialogButtonBox()
        accept = buttons.addButton(
            "Close" if again else "I understand", QDialogButtonBox.ButtonRole.AcceptRole
        )
        accept.setDefault(True)
        if not again:
            leave = buttons.addButton("Quit", QDialogButtonBox.ButtonRole.RejectRole)
            leave.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        # Wrapped lines need a height that the layout would not ask for by itself.
        self.setFixedWidth(_WIDTH)
        self.setMinimumHeight(layout.totalHeightForWidth(_WIDTH))
        if not again:
            self.rejected.connect(self.declined)
