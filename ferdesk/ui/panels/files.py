"""The files of a folder or a list: their names, what was read from them, and a way through."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHeaderView, QTableWidgetItem, QWidget

from ferdesk.ui.paint.icons import icon
from ferdesk.ui.paint.overlay import label_text
from ferdesk.ui.paint.theme import Scheme, current_scheme
from ferdesk.ui.panels.buttons import step_button
from ferdesk.ui.panels.list_table import list_in_panel
from ferdesk.ui.panels.panel import MutedLabel, Panel
from ferdesk.ui.state.shown import Shown


class FilesPanel(Panel):
    """Takes the place of the timeline for pictures, which have no time."""

    step = Signal(int)
    """The person wants the file so many places further, or back when negative."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Files", parent)
        self._rows: dict[Path, int] = {}
        self._shown = Shown()
        self.which = MutedLabel()
        self._previous = step_button("Previous file", lambda: self.step.emit(-1))
        self._next = step_button("Next file", lambda: self.step.emit(1))
        for widget in (self._previous, self.which, self._next):
            self.header.addWidget(widget)
        self.table = list_in_panel("Files and what was read from them", ("", ""))
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.cellActivated.connect(self._go)
        self.table.cellClicked.connect(self._go)
        self.body.addWidget(self.table, 1)
        self.setMinimumHeight(150)
        self.restyle(current_scheme())

    @property
    def current(self) -> int | None:
        """The row of the file on the screen."""
        reading = self._shown.reading
        file = reading.frame.file if reading is not None else None
        return self._rows.get(file) if file is not None else None

    def show_files(self, files: tuple[Path, ...]) -> None:
        """List these, in the order of playing, with nothing read from them yet."""
        self._rows = {path: row for row, path in enumerate(files)}
        self.table.setRowCount(len(files))
        for path, row in self._rows.items():
            name = QTableWidgetItem(path.name)
            name.setToolTip(str(path))
            self.table.setItem(row, 0, name)
            self.table.setItem(row, 1, QTableWidgetItem(""))
        self.refresh_text()

    def present(self, shown: Shown) -> None:
        """Take this; see `refresh_text`."""
        self._shown = shown

    def refresh_text(self) -> None:
        """Mark the file on the screen and write down what is read from it."""
        row, reading = self.current, self._shown.reading
        count = len(self._rows)
        self.which.setText(f"{row + 1} of {count}" if row is not None else f"{count} files")
        self._previous.setEnabled(row is not None and row > 0)
        self._next.setEnabled(row is not None and row < count - 1)
        if row is None or reading is None:
            return
        if row != self.table.currentRow():
            self.table.setCurrentCell(row, 0)
        self.table.scrollTo(self.table.model().index(row, 0))
        item = self.table.item(row, 1)
        words = describe(self._shown) if reading.frame.still else "video"
        if item is not None and item.text() != words:
            item.setText(words)

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of `scheme`."""
        self._previous.setIcon(icon("previous", scheme.text))
        self._next.setIcon(icon("next", scheme.text))

    def _go(self, row: int, _column: int) -> None:
        current = self.current
        if current is not None and row != current:
            self.step.emit(row - current)


def describe(shown: Shown) -> str:
    """The labels of all faces in the picture, or that there is none."""
    faces = sorted(shown.faces, key=lambda face: face.face_id)
    texts = (
        label_text(shown.as_written(face), shown.threshold, shown.number(face)) for face in faces
    )
    return ", ".join(texts) or "No face found"
