"""Analyse files…: a queue that is read by `ferdesk analyze`, a process of its own."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QSpinBox,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferdesk.durations import clock
from ferdesk.sources.files import SUFFIXES
from ferdesk.ui.background import Jobs
from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.panels.buttons import push_button
from ferdesk.ui.panels.list_table import ListTable
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.process import CommandProcess
from ferdesk.ui.state.file_queue import FileQueue, FileState, Found, QueuedFile, sources_of
from ferdesk.ui.state.settings import Settings

_FILES: Final = (
    f"Videos and pictures ({' '.join(f'*{suffix}' for suffix in sorted(SUFFIXES))})",
    "All files (*)",
)
_REFRESH_MS: Final = 500
_STATE: Final = 1
"""Column."""
_HINT: Final = (
    "Drop videos or folders here. Each becomes a session; summary.csv in the folder compares them. "
    "What is finished is kept when you stop, and skipped the next time."
)


class AnalyzeDialog(QDialog):
    """Stays open beside the window; a file that crashes the reading costs that file only."""

    session_wanted = Signal(str)
    """The folder of a finished session."""

    def __init__(
        self, folder: Path, settings: Settings, jobs: Jobs, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Analyse files")
        self.setAcceptDrops(True)
        self._background = jobs
        self.resize(660, 440)
        self._settings = settings
        self.queue = FileQueue()
        self.process = CommandProcess(self)
        self.process.heard.connect(lambda line: self.queue.hear(line, time.monotonic()))
        self.process.ended.connect(self._ended)
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self.table = _table()
        self.table.itemActivated.connect(lambda item: self._open(item.row()))
        self.table.itemClicked.connect(self._clicked)
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName("Folder for the sessions")
        self.jobs = QSpinBox()
        self.jobs.setAccessibleName("Files read at a time")
        self.jobs.setRange(1, max(1, os.cpu_count() or 1))
        self.add = push_button("Add files…", self._ask_files)
        self.add_folder = push_button("Add folder…", self._ask_source_folder)
        self.choose = push_button("Choose…", self._ask_folder)
        self.go = push_button("Start", self.start)
        self.cancel = push_button("Stop", self.stop)
        self.message = MutedLabel(_HINT)
        self.message.setWordWrap(True)
        self._lay_out()
        self.refresh()

    def add_files(self, paths: list[str]) -> None:
        """Put these into the queue, of folders what is in them; looked up elsewhere."""
        for path in paths:
            place = Path(path).absolute()
            self._background.run(
                partial(sources_of, place), self._add, lambda e: self._say(str(e)), owner=self
            )

    def _add(self, found: Found) -> None:
        self.queue.add(list(found.sources))
        if found.sentence:
            self._say(found.sentence)
        self.refresh()

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)

    def start(self) -> None:
        """Read everything that is not done yet."""
        if self.process.running or not self.queue.files or not self.folder.text().strip():
            return
        self.process.start(self.arguments())
        self._timer.start()
        self.refresh()

    def arguments(self) -> list[str]:
        """What follows `ferdesk`."""
        chosen = self._settings
        options = [
            "--out", self.folder.text().strip(), "--jobs", str(self.jobs.value()),
            "--max-faces", str(chosen.max_faces), "--device", chosen.device, "--progress",
        ]  # fmt: skip
        if chosen.checkpoint:
            options += ["--checkpoint", chosen.checkpoint]
        return ["analyze", *self.queue.begin(), *options]

    def stop(self) -> None:
        """End the command; what is finished stays."""
        self.process.stop()

    def close_down(self) -> None:
        """The window closes: leave no process behind."""
        self.process.close_down()

    def refresh(self) -> None:
        """Bring the list up to date."""
        files, now = list(self.queue.files.values()), time.monotonic()
        self.table.setRowCount(len(files))
        for row, file in enumerate(files):
            for column, text in enumerate((Path(file.path).name, _state(file), _left(file, now))):
                item = self.table.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    self.table.setItem(row, column, item)
                item.setText(text)
                item.setToolTip(file.sentence or file.folder or file.path)
                if column == _STATE:
                    self._look_like_link(item, file.state is FileState.DONE)
        running = self.process.running
        waiting = any(file.state is not FileState.DONE for file in files)
        self.go.setEnabled(waiting and not running)
        self.go.setToolTip("" if files else "Add files first")
        self.cancel.setEnabled(running)
        for widget in (self.add, self.add_folder, self.choose, self.folder, self.jobs):
            widget.setEnabled(not running)

    def closeEvent(self, event: QCloseEvent) -> None:
        # The queue goes on; the command in the menu shows it again.
        self.hide()
        event.ignore()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and not self.process.running:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        urls = event.mimeData().urls()
        self.add_files([url.toLocalFile() for url in urls if url.isLocalFile()])
        event.acceptProposedAction()

    def _ended(self, code: int, reason: str) -> None:
        self._timer.stop()
        self.queue.end()
        done = sum(file.state is FileState.DONE for file in self.queue.files.values())
        text = f"{done} of {len(self.queue.files)} files are done: {self.folder.text()}"
        if self.process.stopped:
            text = f"Stopped. {text}; Start goes on with the rest."
        elif code != 0:
            text = f"{text}. {reason or 'The command ended early.'}"
        self.message.setText(text)
        self.refresh()

    def _clicked(self, item: QTableWidgetItem) -> None:
        if item.column() == _STATE:
            self._open(item.row())

    def _look_like_link(self, item: QTableWidgetItem, link: bool) -> None:
        role = QPalette.ColorRole.Link if link else QPalette.ColorRole.Text
        item.setForeground(self.palette().color(role))
        shown = item.font()
        shown.setUnderline(link)
        item.setFont(shown)

    def _open(self, row: int) -> None:
        file = list(self.queue.files.values())[row]
        if file.state is FileState.DONE and file.folder:
            self.session_wanted.emit(file.folder)
        elif file.sentence:
            self.message.setText(file.sentence)

    def _ask_files(self) -> None:
        dialog = QFileDialog(self, "Files to analyse")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(list(_FILES))
        dialog.filesSelected.connect(self.add_files)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_source_folder(self) -> None:
        dialog = QFileDialog(self, "Folder to analyse")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: self.add_files([name]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, "Folder for the sessions", self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _lay_out(self) -> None:
        where = QHBoxLayout()
        for widget in (PlainLabel("Sessions go to"), self.folder, self.choose):
            where.addWidget(widget)
        where.addSpacing(12)
        where.addWidget(PlainLabel("At a time"))
        where.addWidget(self.jobs)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add)
        buttons.addWidget(self.add_folder)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(where)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.message)
        layout.addLayout(buttons)


def _table() -> ListTable:
    table = ListTable("Files to analyse", ("File", "State", "Left"))
    table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column, width in ((1, 110), (2, 90)):
        table.setColumnWidth(column, width)
    return table


def _state(file: QueuedFile) -> str:
    if file.state is FileState.READING:
        return f"{file.share * 100:.0f} %"
    return {"waiting": "Waits", "done": "Open", "failed": "Failed"}[file.state.value]


def _left(file: QueuedFile, now: float) -> str:
    left = file.seconds_left(now)
    return clock(left) if left is not None else ""
