"""Pictures of what is corrected in a review, kept in the session while the video is there."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QObject

from ferdesk.errors import FerdeskError
from ferdesk.ui.background import Jobs
from ferdesk.ui.review.editing import Editing
from ferdesk.ui.review.review import Review

log = logging.getLogger(__name__)


class CropKeeping(QObject):
    """Works elsewhere, after a session was opened and after every edit; one job at a time."""

    def __init__(self, review: Review, editing: Editing, jobs: Jobs, window: QObject) -> None:
        super().__init__(window)
        self._review = review
        self._jobs = jobs
        self._running = self._again = False
        self._tidied: Path | None = None
        """The session from which pictures without a correction were taken out."""
        editing.changed.connect(self._keep)

    def _keep(self) -> None:
        opened = self._review.opened
        if opened is None or opened.kept is not None:
            # What is kept of a plain video file holds no pictures.
            self._tidied = None
            return
        store = opened.session.store
        if opened.session.read_only or not (store.corrections() or store.kept_crops()):
            return
        if self._running:
            self._again = True
            return
        self._running = True
        folder = opened.session.folder
        # Only when it was just opened: later an edit may be undone that needs them.
        tidy, self._tidied = folder != self._tidied, folder
        self._jobs.run(lambda: _keep(folder, tidy), self._done, self._failed, owner=self)

    def _done(self, _count: int) -> None:
        self._running = False
        if self._again:
            self._again = False
            self._keep()

    def _failed(self, error: FerdeskError) -> None:
        # The video is there still: the next edit, or the next opening, tries again.
        log.warning("pictures of corrections are not kept: %s", error)
        self._running = self._again = False


def _keep(folder: Path, tidy: bool) -> int:
    from ferdesk.session.crops import drop_uncovered_crops, keep_crops
    from ferdesk.session.session import Session

    with Session.open(folder) as session:
        if tidy:
            drop_uncovered_crops(session)
        return keep_crops(session)
