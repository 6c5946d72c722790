"""The log drawer: what the program said, bounded, safe to write to from every thread."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Final

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QPushButton, QWidget

from ferdesk.addresses import CleanFormatter
from ferdesk.ui.panels.panel import Panel

LIMIT: Final = 2000
"""Lines kept."""
_LEVELS: Final = {
    "Everything": logging.DEBUG,
    "Information": logging.INFO,
    "Warnings": logging.WARNING,
    "Errors": logging.ERROR,
}


class LogBuffer(logging.Handler):
    """Keeps the newest records. Any thread may write; the drawer takes what is new."""

    def __init__(self, limit: int = LIMIT) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(
            CleanFormatter("%(asctime)s  %(levelname)-7s  %(name)s  %(message)s", "%H:%M:%S")
        )
        self._guard = threading.Lock()
        self._entries: deque[tuple[int, int, str]] = deque(maxlen=limit)
        self._written = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - the contract of logging: never raise into the caller
            self.handleError(record)
            return
        with self._guard:
            self._written += 1
            self._entries.append((self._written, record.levelno, text))

    def since(self, number: int, level: int) -> tuple[int, list[str]]:
        """Entries written after `number` at `level` or above, and the number to ask with next."""
        with self._guard:
            return self._written, [t for n, lv, t in self._entries if n > number and lv >= level]

    def text(self) -> str:
        """All that is kept, as one text."""
        return "\n".join(self.since(0, logging.DEBUG)[1])

    def clear(self) -> None:
        """Forget all entries."""
        with self._guard:
            self._entries.clear()


class LogPanel(Panel):
    """Shows a :class:`LogBuffer`; `refresh` pulls, nothing is pushed."""

    def __init__(self, buffer: LogBuffer, parent: QWidget | None = None) -> None:
        super().__init__("Log", parent)
        self._buffer = buffer
        self._shown = 0
        self.view = QPlainTextEdit()
        self.view.setAccessibleName("Log")
        self.view.setReadOnly(True)
        self.view.setTabChangesFocus(True)
        self.view.setMaximumBlockCount(LIMIT)
        self.view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.level = QComboBox()
        self.level.setAccessibleName("Least level shown")
        for text, level in _LEVELS.items():
            self.level.addItem(text, level)
        self.level.setCurrentIndex(1)
        self.level.currentIndexChanged.connect(self._rebuild)
        copy = QPushButton("Copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._buffer.text()))
        clear = QPushButton("Clear")
        clear.clicked.connect(self._clear)
        for widget in (self.level, copy, clear):
            self.header.addWidget(widget)
        self.body.addWidget(self.view)
        self.setMinimumHeight(110)

    def refresh(self) -> None:
        """Append what is new, while the drawer is open."""
        if not self.isVisible():
            return
        self._shown, lines = self._buffer.since(self._shown, self.level.currentData())
        if lines:
            self.view.appendPlainText("\n".join(lines))

    def _rebuild(self) -> None:
        self.view.clear()
        self._shown = 0
        self.refresh()

    def _clear(self) -> None:
        self._buffer.clear()
        self.view.clear()
