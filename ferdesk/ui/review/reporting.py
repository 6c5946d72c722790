"""Report…: one session or several, as a web page or a PDF, written elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.report import ReportDialog
from ferdesk.ui.review.review import Review
from ferdesk.ui.settings_store import SettingsStore

_NONE: Final[Mapping[Path, tuple[str, Path]]] = {}
_FILTERS: Final = {"Web page (*.html)": "html", "PDF (*.pdf)": "pdf"}


class Reporting(QObject):
    """Asks which sessions and where to, writes there, and opens what it wrote."""

    told = Signal(str)
    refused = Signal(str)

    def __init__(self, review: Review, store: SettingsStore, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._review = review
        self._store = store
        self._jobs = jobs
        self._window = window

    def ask(self) -> None:
        """Report…"""
        opened = self._review.opened
        if opened is None:
            return
        session = opened.session
        names = {session.folder: (session.name, session.place)}
        dialog = ReportDialog(session.folder, session.name, self._window)
        dialog.chosen.connect(lambda folders: self.ask_where(folders, names))
        recent = [Path(place) for place in self._store.value.recent_sessions]
        self._jobs.run(
            lambda: [folder for folder in recent if folder.is_dir()],
            dialog.offer,
            lambda error: self.refused.emit(str(error)),
            owner=dialog,
        )
        dialog.open()

    def ask_where(
        self, folders: Sequence[Path], names: Mapping[Path, tuple[str, Path]] = _NONE
    ) -> QFileDialog:
        """The name and kind of the file; `write` follows. `names`: what a session is called and
        where files about it belong, where that is not its folder."""
        name, place = names.get(folders[0], (folders[0].name, folders[0]))
        if len(folders) > 1:
            name, place = f"{len(folders)} sessions", place.parent
        dialog = QFileDialog(self._window, f"Report about {name}", str(place))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(_FILTERS))
        dialog.setDefaultSuffix("html")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_FILTERS[chosen]))
        dialog.selectFile("report" if place == folders[0] else f"{name} report")
        dialog.fileSelected.connect(lambda chosen: self.write(folders, Path(chosen)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def write(self, folders: Sequence[Path], path: Path, *, show: bool = True) -> None:
        """The report about these sessions; `told` or `refused` follows."""

        def done(_: None) -> None:
            self.told.emit(f"Report: {path}")
            if show:
                QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

        self.told.emit("Writing the report …")
        self._jobs.run(
            lambda: _write(folders, path),
            done,
            lambda error: self.refused.emit(str(error)),
            owner=self,
        )


def _write(folders: Sequence[Path], path: Path) -> None:
    from ferdesk.session.session import Session
    from ferdesk.ui.paint.report_pdf import save_report

    with contextlib.ExitStack() as stack:
        save_report([stack.enter_context(Session.open(folder)) for folder in folders], path)
