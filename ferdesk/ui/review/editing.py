"""Events and corrections of the session under review: add, change, delete, undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.baseline import SECONDS
from ferdesk.ui.review.note_dialog import NoteDialog
from ferdesk.ui.review.review import Review
from ferdesk.ui.review.ribbon import Ribbon
from ferdesk.ui.state.edits import Change, Edits
from ferdesk.ui.state.stretch import Stretch

if TYPE_CHECKING:
    from ferdesk.session.baselines import Known
    from ferdesk.session.store import Note


class Editing(QObject):
    """Every edit is written at once and shown in ribbon, list and timeline."""

    changed = Signal()
    """Something was written, or another session is open: `edits` may say what can be undone."""
    refused = Signal(str)

    def __init__(self, review: Review, ribbon: Ribbon, window: QWidget) -> None:
        super().__init__(window)
        self._review = review
        self._ribbon = ribbon
        self._window = window
        self.edits: Edits | None = None
        review.entered.connect(self._entered)
        review.left.connect(self._left)

    def mark(self, label: str) -> None:
        """An event at this moment, or over the chosen stretch."""
        from ferdesk.session.records import EventRecord

        opened, stretch = self._review.opened, self._ribbon.stretch
        if opened is None:
            return
        onset = stretch.start if stretch is not None else opened.player.position
        event = EventRecord(onset, label, stretch.duration if stretch is not None else 0.0)
        self._apply("add an event", Change(None, event))

    def correct(self, label: str, face: int | None = None) -> None:
        """Say this about the chosen stretch, or about the stretch of one label shown now."""
        from ferdesk.session.records import CorrectionRecord

        stretch = self._ribbon.stretch or self._here(face)
        if stretch is None:
            self.refused.emit("There is no face at this moment; choose a stretch (Shift and drag).")
            return
        who = stretch.face if self._ribbon.stretch is None else (stretch.face or face)
        if label == "excluded" and face is None and self._ribbon.stretch is not None:
            who = stretch.face
        note = CorrectionRecord(stretch.start, stretch.duration, label, who)
        self._apply("exclude a stretch" if label == "excluded" else "correct", Change(None, note))

    def set_baseline(self, face: int | None) -> None:
        """The chosen stretch, or five seconds from here, is how the face is at rest."""
        from ferdesk.session.baselines import over, record_of

        opened, stretch = self._review.opened, self._ribbon.stretch
        if opened is None:
            return
        onset, duration = opened.player.position, SECONDS
        if stretch is not None:
            onset, duration, face = stretch.start, stretch.duration, stretch.face or face
        if face is None:
            self.refused.emit("There is no face at this moment whose baseline could be taken.")
            return
        try:
            baseline = over(opened.session, onset, duration, face)
        except FerdeskError as error:
            self.refused.emit(str(error))
            return
        record = record_of(onset, duration, face, baseline)
        self._apply("set a baseline", Change(None, record))

    def remove_baseline(self, face: int | None) -> None:
        """Take out the one that holds for the face here."""
        known = self.baseline_of(face)
        if known is not None:
            self._apply("remove a baseline", Change(known.record, None))

    def baseline_of(self, face: int | None) -> Known | None:
        """What holds for the face here."""
        opened = self._review.opened
        if opened is None or face is None:
            return None
        return opened.player.baselines.at(opened.player.position, face)

    def edit(self, note: Note) -> None:
        """Ask what it should be."""
        from ferdesk.session.records import BaselineRecord

        opened = self._review.opened
        if opened is None:
            return
        if isinstance(note, BaselineRecord):
            self.refused.emit(
                "A baseline is not changed: choose a stretch and press N for another one, or "
                "delete it."
            )
            return
        dialog = NoteDialog(note, opened.session.duration, opened.faces, self._window)
        dialog.chosen.connect(lambda after: self._apply("change an entry", Change(note, after)))
        dialog.open()

    def delete(self, note: Note) -> None:
        """Take it out."""
        self._apply("delete an entry", Change(note, None))

    def undo(self) -> None:
        """Take the last edit back."""
        self._try(lambda edits: edits.undo())

    def redo(self) -> None:
        """Do it again."""
        self._try(lambda edits: edits.redo())

    def _apply(self, text: str, change: Change) -> None:
        self._try(lambda edits: edits.apply(text, change))

    def _try(self, what: Callable[[Edits], None]) -> None:
        if self.edits is None:
            return
        try:
            what(self.edits)
        except FerdeskError as error:
            self.refused.emit(str(error))
            return
        self._review.show_notes()
        self.changed.emit()

    def _here(self, face: int | None) -> Stretch | None:
        """The stretch of one label round the position, of that face or of the first."""
        opened = self._review.opened
        if opened is None:
            return None
        layout, at = self._ribbon.layout_now(), opened.player.position
        for lane in opened.lanes:
            if face in (None, lane.face):
                run = layout.run(lane, at)
                if run is not None:
                    return Stretch(*run, lane.face)
        return None

    def _entered(self) -> None:
        opened = self._review.opened
        self.edits = Edits(opened.session.store) if opened is not None else None
        self.changed.emit()

    def _left(self) -> None:
        self.edits = None
        self.changed.emit()
