"""Export…: written elsewhere, while the session stays open."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDir, QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.export import ExportDialog, ExportKind
from ferdesk.ui.review.review import Review


class Exporting(QObject):
    """Asks where to, writes there, and says where the files are."""

    told = Signal(str)
    refused = Signal(str)

    def __init__(self, review: Review, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._review = review
        self._jobs = jobs
        self._window = window

    def ask(self) -> None:
        """Export…"""
        opened = self._review.opened
        if opened is None:
            return
        session = opened.session
        where = (session.folder, session.name, session.place)
        dialog = ExportDialog(opened.faces, self._window)
        dialog.chosen.connect(lambda kind, face: self._ask_where(*where, kind, face))
        dialog.open()

    def export(self, session: Path, kind: ExportKind, target: Path, face: int | None) -> None:
        """Write `kind` of the session to a file or folder; `told` or `refused` follows."""
        self.told.emit(f"Exporting to {target} …")
        self._jobs.run(
            lambda: _export(session, kind, target, face),
            lambda sentence: self.told.emit(sentence),
            lambda error: self.refused.emit(str(error)),
            owner=self,
        )

    def _ask_where(
        self, session: Path, called: str, place: Path, kind: ExportKind, face: int | None
    ) -> None:
        dialog = QFileDialog(self._window, f"Export: {kind.title}")
        dialog.setDirectory(QDir(str(place)))
        if kind.suffix:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setDefaultSuffix(kind.suffix.lstrip("."))
            dialog.selectFile(f"{called}{kind.suffix}")
        else:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(
            lambda name: self.export(session, kind, _target(called, kind, Path(name)), face)
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _target(called: str, kind: ExportKind, chosen: Path) -> Path:
    """A folder gets one of its own inside, so that nothing there is written over."""
    if kind.suffix:
        return chosen
    target = chosen / f"{called}_{kind.name}"
    number = 1
    while target.exists():
        number += 1
        target = chosen / f"{called}_{kind.name}-{number}"
    return target


def _export(place: Path, kind: ExportKind, target: Path, face: int | None) -> str:
    from ferdesk.session.corrections import write_corrections
    from ferdesk.session.export import write_csv, write_parquet
    from ferdesk.session.export_bids import write_tsv
    from ferdesk.session.session import Session

    with Session.open(place) as session:
        match kind.name:
            case "csv":
                return f"{write_csv(session, target, face=face)} rows: {target}"
            case "parquet":
                return f"{write_parquet(session, target, face=face)} rows: {target}"
            case "tsv":
                write_tsv(session, target, face=face)
                return f"Events, readings and what their columns mean: {target}"
            case _:
                return f"{write_corrections([session], target).in_words} They lie in {target}"
