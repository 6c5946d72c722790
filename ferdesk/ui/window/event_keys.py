"""The keys 1 to 9: each notes an event of its own, while recording and in review alike."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from ferdesk.ui.state.recording_plan import KEYS


class EventKeys(QObject):
    """A key without a label does nothing."""

    pressed = Signal(str)
    """The label of the key."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.labels: tuple[str, ...] = ()
        """What the keys 1, 2, … note now; "" for nothing, () while nothing can be noted."""
        self._keys = [self._key(number, window) for number in range(1, KEYS + 1)]

    def set_labels(self, labels: Sequence[str]) -> None:
        """These from now on; () switches the keys off."""
        self.labels = tuple(label.strip() for label in labels[:KEYS])
        for index, key in enumerate(self._keys):
            key.setEnabled(bool(self._label(index)))

    def _key(self, number: int, window: QWidget) -> QShortcut:
        key = QShortcut(QKeySequence(str(number)), window)
        key.setEnabled(False)
        key.activated.connect(lambda: self.pressed.emit(self._label(number - 1)))
        return key

    def _label(self, index: int) -> str:
        return self.labels[index] if index < len(self.labels) else ""
