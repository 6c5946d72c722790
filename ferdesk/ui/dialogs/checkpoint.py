"""What a checkpoint says about itself, before it is taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ferdesk.errors import FerdeskError
from ferdesk.files import json_text
from ferdesk.ui.background import Jobs
from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import current_scheme, font
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.state.card_words import describe

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card


class CheckpointDialog(QDialog):
    """Reads the card elsewhere, shows it, and offers Use or Cancel; or says why not."""

    used = Signal(Path)
    refused = Signal(str)

    def __init__(self, path: Path, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open checkpoint")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(580, 560)
        self._path = path
        self.heading = PlainLabel(path.name)
        self.heading.setFont(font(1.35, bold=True))
        self.heading.setWordWrap(True)
        self.message = MutedLabel("Reading its card …")
        self.message.setWordWrap(True)
        self.table = QGridLayout()
        self.table.setHorizontalSpacing(18)
        self.table.setVerticalSpacing(9)
        self.table.setColumnStretch(1, 1)
        self.table.setContentsMargins(0, 4, 8, 4)
        inside = QWidget()
        inside.setLayout(self.table)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(inside)
        self._scroll.setAccessibleName("Card of the checkpoint")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = self.buttons.addButton("Use", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setEnabled(False)
        self.use.setDefault(True)
        self.use.setToolTip("Wait until the card was read")
        self.whole = self.buttons.addButton("Whole card", QDialogButtonBox.ButtonRole.ActionRole)
        self.whole.setCheckable(True)
        self.whole.setEnabled(False)
        self.whole.setToolTip("Everything that the file says about itself, as it stands there")
        self.whole.setAutoDefault(False)
        self.raw = QPlainTextEdit()
        self.raw.setReadOnly(True)
        self.raw.setTabChangesFocus(True)
        self.raw.setAccessibleName("Whole card of the checkpoint")
        self.raw.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.raw.hide()
        self.whole.toggled.connect(self.raw.setVisible)
        self.whole.toggled.connect(self._scroll.setHidden)
        self.buttons.accepted.connect(self._take)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addWidget(self.heading)
        layout.addWidget(self.message)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self.raw, 1)
        layout.addWidget(self.buttons)
        jobs.run(lambda: _read(path), self._show_card, self._show_refusal, owner=self)

    def _take(self) -> None:
        self.used.emit(self._path)
        self.accept()

    def _show_card(self, card: Card) -> None:
        self.heading.setText(card.name or self._path.name)
        self.message.setText(str(self._path))
        rows = describe(card)
        top = Qt.AlignmentFlag.AlignTop
        for row, (title, text) in enumerate(rows):
            label = PlainLabel(text)
            label.setWordWrap(True)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            label.setAccessibleName(title)
            self.table.addWidget(MutedLabel(title), row, 0, top)
            self.table.addWidget(label, row, 1)
        self.table.setRowStretch(len(rows), 1)
        self.raw.setPlainText(json_text(card.to_json(), indent=2))
        self.whole.setEnabled(True)
        self.use.setEnabled(True)
        self.use.setToolTip("Read faces with this checkpoint from now on")
        self.use.setFocus()

    def _show_refusal(self, error: FerdeskError) -> None:
        self.message.setText(str(error))
        palette = self.message.palette()
        palette.setColor(self.message.foregroundRole(), current_scheme().error)
        self.message.setPalette(palette)
        self._scroll.hide()
        self.use.hide()
        self.whole.hide()
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Close")
        self.resize(self.width(), self.minimumSizeHint().height())
        self.refused.emit(str(error))


def _read(path: Path) -> Card:
    from ferdesk.model.checkpoint import read_card

    return read_card(path)
