"""Text as it is: Qt takes what looks like HTML for HTML, which may open files and addresses."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


class PlainLabel(QLabel):
    """A label that shows every text as it is. The window has no other labels."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


def tooltip(text: str) -> str:
    """Foreign text for `setToolTip`, which has no plain format of its own."""
    if "<" in text or "&" in text:
        return f"<span style='white-space: pre-wrap'>{html.escape(text)}</span>"
    return text
