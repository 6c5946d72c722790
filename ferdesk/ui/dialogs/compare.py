"""Compare checkpoints…: the session's frames read again by `ferdesk compare`, elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from ferdesk.durations import clock
from ferdesk.ui.paint.plain_text import PlainLabel, tooltip
from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.buttons import push_button
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.process import CommandProcess
from ferdesk.ui.state.progress import Progress

_HINT: Final = (
    "The same faces in the same frames, read by another checkpoint. What was read first stays; "
    "the second reading is kept beside it in the session, and both are shown lane by lane."
)
_REFRESH_MS: Final = 500


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """One that can be chosen without looking for its file."""

    path: Path
    name: str
    note: str = ""
    """For example "built in"."""
    why_not: str = ""
    """Why it cannot be chosen; "" when it can."""


class CompareDialog(QDialog):
    """Stays open beside the window; closing it lets the reading go on."""

    file_chosen = Signal(Path)
    """The person named a file that may be a checkpoint."""
    finished_reading = Signal()
    """Another reading is in the session."""

    def __init__(self, session: Path, device: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare checkpoints")
        self.resize(520, 340)
        self.session = session
        self._device = device
        self.progress = Progress()
        self.process = CommandProcess(self)
        self.process.heard.connect(lambda line: self.progress.hear(line, time.monotonic()))
        self.process.ended.connect(self._ended)
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        heading = PlainLabel(f"Read {session.name} again with")
        heading.setFont(font(1.15, bold=True))
        heading.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName("Checkpoints")
        self.list.setSpacing(2)
        self.list.itemSelectionChanged.connect(self.refresh)
        self.list.itemActivated.connect(lambda _item: self.start())
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How much is read")
        self.message = MutedLabel(_HINT)
        self.message.setWordWrap(True)
        self.choose = push_button("Choose file…", self._ask_file)
        self.cancel = push_button("Stop", self.process.stop)
        self.go = push_button("Read again", self.start)
        self.go.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.choose)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)
        self.refresh()

    def show_known(self, known: list[KnownCheckpoint]) -> None:
        """List these; the first that can be chosen is."""
        self.list.clear()
        for checkpoint in known:
            self._add(checkpoint)
        free = (row for row in range(len(known)) if not known[row].why_not)
        self.list.setCurrentRow(next(free, -1))
        self.refresh()

    def add(self, checkpoint: KnownCheckpoint) -> None:
        """One more, which is chosen if it can be."""
        item = self._add(checkpoint)
        if checkpoint.why_not:
            self.message.setText(f"{checkpoint.name}: {checkpoint.why_not}.")
        else:
            self.list.setCurrentItem(item)
        self.refresh()

    def say(self, sentence: str) -> None:
        """Something did not work."""
        self.message.setText(sentence)

    @property
    def chosen(self) -> KnownCheckpoint | None:
        """The checkpoint to read with."""
        items = self.list.selectedItems()
        return items[0].data(Qt.ItemDataRole.UserRole) if items else None

    def start(self) -> None:
        """Read again with the chosen checkpoint."""
        chosen = self.chosen
        if chosen is None or self.process.running:
            return
        self.progress = Progress()
        self.process.start([
            "compare", str(self.session), "--checkpoint", str(chosen.path),
            "--device", self._device, "--progress",
        ])  # fmt: skip
        self._timer.start()
        self.refresh()

    def refresh(self) -> None:
        """Bring bar, words and buttons up to date."""
        running = self.process.running
        if running:
            self.bar.setRange(0, 1000 if self.progress.share else 0)
            self.bar.setValue(round(self.progress.share * 1000))
            self.message.setText(self._in_words())
        self.bar.setVisible(running)
        self.go.setEnabled(self.chosen is not None and not running)
        self.cancel.setEnabled(running)
        for widget in (self.list, self.choose):
            widget.setEnabled(not running)

    def closeEvent(self, event: QCloseEvent) -> None:
        # The reading goes on; the command in the menu shows it again.
        self.hide()
        event.ignore()

    def reject(self) -> None:
        """Esc."""
        self.hide()

    def _in_words(self) -> str:
        if self.progress.state != "reading":
            return "Loading the checkpoint …"
        left = self.progress.seconds_left(time.monotonic())
        text = f"{self.progress.share * 100:.0f} % read"
        return text if left is None else f"{text}, {clock(left)} left"

    def _ended(self, code: int, reason: str) -> None:
        self._timer.stop()
        self.bar.reset()
        if self.process.stopped and code != 0:
            self.message.setText("Stopped. The session is as it was.")
        elif code != 0:
            self.message.setText(reason or "The command ended early; the session is as it was.")
        else:
            self.message.setText("Done: both readings are in the session.")
            self.finished_reading.emit()
            self.hide()
        self.refresh()

    def _add(self, checkpoint: KnownCheckpoint) -> QListWidgetItem:
        notes = ", ".join(filter(None, (checkpoint.note, checkpoint.why_not)))
        item = QListWidgetItem(f"{checkpoint.name}  ({notes})" if notes else checkpoint.name)
        item.setData(Qt.ItemDataRole.UserRole, checkpoint)
        item.setToolTip(tooltip(str(checkpoint.path)))
        if checkpoint.why_not:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.addItem(item)
        return item

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, "Checkpoint to compare with")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Checkpoints (*.safetensors)", "All files (*)"])
        dialog.fileSelected.connect(lambda name: self.file_chosen.emit(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
