"""Files dropped on the window: one checkpoint shows its card, everything else is a source."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

from ferdesk.ui.window.choose_checkpoint import SUFFIXES

_ENTER: Final = QEvent.Type.DragEnter
_DROP: Final = QEvent.Type.Drop


class FileDrops(QObject):
    """Watches `window`."""

    checkpoint = Signal(Path)
    sources = Signal(list)
    """Carries the paths; several are one list."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # Every event of a drag is a QDropEvent, moves too.
        entered, dropped = (event.type() == kind for kind in (_ENTER, _DROP))
        if (entered or dropped) and isinstance(event, QDropEvent):
            files = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
            if files:
                event.acceptProposedAction()
                if dropped:
                    self._take(files)
                return True
        return super().eventFilter(watched, event)

    def _take(self, files: list[Path]) -> None:
        read = [file for file in files if file.suffix.lower() not in SUFFIXES]
        if read:
            self.sources.emit(read)
        else:
            self.checkpoint.emit(files[0])
