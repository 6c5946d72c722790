"""Delete kept readings…: what there is, and whether it is to go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.state.recording_plan import size

if TYPE_CHECKING:
    from ferdesk.session.kept import KeptFigures


class ForgetDialog(QDialog):
    """`accepted` when everything is to be deleted."""

    def __init__(self, figures: KeptFigures, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Delete kept readings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(420)
        videos = "one video" if figures.videos == 1 else f"{figures.videos} videos"
        text = f"What was read of {videos} ({size(figures.size)}) is deleted; the videos stay."
        if figures.with_notes:
            text += " Events and corrections that you made in them are deleted, too."
        self.text = PlainLabel(text)
        self.text.setWordWrap(True)
        self.where = MutedLabel(f"It lies in {folder}")
        self.where.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.delete = buttons.addButton("Delete", QDialogButtonBox.ButtonRole.AcceptRole)
        self.delete.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(self.text)
        layout.addWidget(self.where)
        layout.addWidget(buttons)
