"""Which sessions a report is about, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.paint.plain_text import PlainLabel, tooltip
from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.buttons import push_button
from ferdesk.ui.panels.panel import MutedLabel

_HINT: Final = (
    "Several sessions stand side by side in one report. As a web page it opens in every browser, "
    "as PDF it goes to print; both say the same."
)


class ReportDialog(QDialog):
    """Starts with the session under review; others are a tick away."""

    chosen = Signal(list)
    """The folders of the sessions; where to is asked afterwards."""

    def __init__(self, session: Path, called: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Report")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(480, 340)
        heading = PlainLabel("A report about")
        heading.setFont(font(1.15, bold=True))
        self.list = QListWidget()
        self.list.setAccessibleName("Sessions")
        self.list.setSpacing(2)
        self.list.itemChanged.connect(lambda _item: self._refresh())
        hint = MutedLabel(_HINT)
        hint.setWordWrap(True)
        more = push_button("Add session…", self._ask_session)
        self.go = push_button("Choose where…", self._accept)
        self.go.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(more)
        buttons.addStretch(1)
        buttons.addWidget(push_button("Cancel", self.reject))
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addWidget(self.list, 1)
        layout.addWidget(hint)
        layout.addLayout(buttons)
        self._here = session
        self.add(session, ticked=True, called=called)

    @property
    def folders(self) -> list[Path]:
        """The ticked sessions, in the order of the list."""
        items = (self.list.item(row) for row in range(self.list.count()))
        ticked = [item for item in items if item.checkState() is Qt.CheckState.Checked]
        return [item.data(Qt.ItemDataRole.UserRole) for item in ticked]

    def offer(self, folders: Sequence[Path]) -> None:
        """More sessions that may be ticked."""
        for folder in folders:
            self.add(folder, ticked=False)

    def add(self, folder: Path, *, ticked: bool, called: str = "") -> None:
        """One more; one that is there already is ticked if that is wanted."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item.data(Qt.ItemDataRole.UserRole) == folder:
                if ticked:
                    item.setCheckState(Qt.CheckState.Checked)
                return
        item = QListWidgetItem(called or folder.name)
        item.setToolTip(tooltip(str(folder)))
        item.setData(Qt.ItemDataRole.UserRole, folder)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.list.addItem(item)
        self._refresh()

    def _refresh(self) -> None:
        self.go.setEnabled(bool(self.folders))

    def _ask_session(self) -> None:
        dialog = QFileDialog(self, "Add session", str(self._here.parent))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.add(Path(name), ticked=True))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _accept(self) -> None:
        self.chosen.emit(self.folders)
        self.accept()
