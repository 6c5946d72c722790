"""Another checkpoint on the frames of the session under review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ferdesk.errors import FerdeskError
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.compare import CompareDialog, KnownCheckpoint
from ferdesk.ui.review.comparison_panel import ComparisonPanel
from ferdesk.ui.review.opened import Compared, compared_passes
from ferdesk.ui.review.review import Review
from ferdesk.ui.settings_store import SettingsStore

if TYPE_CHECKING:
    from ferdesk.session.records import AnalysisRecord


class Comparing(QObject):
    """Asks which checkpoint, has the command read, and shows how far both agree."""

    changed = Signal()
    """There is something to compare now, or nothing any more."""
    told = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        review: Review,
        panel: ComparisonPanel,
        store: SettingsStore,
        jobs: Jobs,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._review = review
        self._panel = panel
        self._store = store
        self._jobs = jobs
        self._window = window
        self.dialog: CompareDialog | None = None
        review.entered.connect(self._show)
        review.left.connect(self._show)
        review.moved.connect(panel.show_position)
        panel.sought.connect(review.seek)
        panel.comparison_changed.connect(self._take)

    def ask(self) -> None:
        """Compare checkpoints…; one sentence where the frames cannot be read again."""
        opened, dialog = self._review.opened, self.dialog
        if opened is None:
            return
        session = opened.session
        if dialog is not None and dialog.process.running and dialog.session != session.folder:
            self.told.emit(f"{dialog.session.name} is still being read; wait for it or stop it.")
        elif session.why_not_again:
            self.refused.emit(session.why_not_again)
            return
        elif dialog is None or not dialog.process.running:
            if dialog is not None:
                dialog.deleteLater()
            dialog = self._new_dialog(session.folder, session.store.analyses())
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def close(self) -> None:
        """The window closes."""
        if self.dialog is not None:
            self.dialog.process.close_down()

    def _new_dialog(self, session: Path, analyses: Sequence[AnalysisRecord]) -> CompareDialog:
        dialog = CompareDialog(session, self._store.value.device, self._window)
        self.dialog = dialog
        dialog.finished_reading.connect(lambda: self._read_again(session))
        settings = self._store.value
        paths = [Path(p) for p in (settings.checkpoint, *settings.recent_checkpoints) if p]
        self._jobs.run(
            lambda: _known(paths, analyses), dialog.show_known,
            lambda error: dialog.say(str(error)), owner=dialog,
        )  # fmt: skip
        dialog.file_chosen.connect(
            lambda path: self._jobs.run(
                lambda: _described(path, analyses), dialog.add,
                lambda error: dialog.say(str(error)), owner=dialog,
            )
        )  # fmt: skip
        return dialog

    def _read_again(self, folder: Path) -> None:
        """The command is done with this session."""
        opened = self._review.opened
        if opened is None or opened.session.folder != folder:
            self.told.emit(f"{folder.name} was read again; open it to compare.")
            return
        opened.session.reload()

        def ready(compared: tuple[Compared, ...]) -> None:
            if self._review.opened is opened:
                self._review.take(replace(opened, compared=compared))
                self._show()
                self.told.emit(f"Read again with {compared[-1].name}: D goes to what differs.")

        self._jobs.run(
            lambda: compared_passes(opened.session), ready,
            lambda error: self.refused.emit(str(error)), owner=self,
        )  # fmt: skip

    def _show(self) -> None:
        opened = self._review.opened
        analysis = opened.analysis if opened is not None else None
        first = analysis.checkpoint if analysis is not None else ""
        self._panel.show_compared(opened.compared if opened is not None else (), first)
        self.changed.emit()

    def _take(self) -> None:
        chosen = self._panel.chosen
        self._review.disagreements = chosen.agreement.disagreements if chosen is not None else ()


def _known(paths: Sequence[Path], analyses: Sequence[AnalysisRecord]) -> list[KnownCheckpoint]:
    """The built-in one and those that were used lately; unreadable ones are left out."""
    found: list[KnownCheckpoint] = []
    for path in dict.fromkeys((*paths, asset(DEFAULT_CHECKPOINT))):
        try:
            found.append(_described(path, analyses))
        except FerdeskError:
            continue
    return found


def _described(path: Path, analyses: Sequence[AnalysisRecord]) -> KnownCheckpoint:
    """Raises FerdeskError for what is no checkpoint."""
    from ferdesk.model.checkpoint import read_card

    card = read_card(path)
    same = [
        analysis.pass_number
        for analysis in analyses
        if (analysis.checkpoint, analysis.checkpoint_sha256) == (card.name, card.sha256)
    ]
    notes = ["built in" if path == asset(DEFAULT_CHECKPOINT) else path.name]
    notes += ["read it first"] if 0 in same else []
    why_not = "compared already" if any(same) else ""
    return KnownCheckpoint(path, card.name or path.stem, ", ".join(notes), why_not)
