"""Plain video files with the transport of a session: read while they are played, and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from ferdesk.errors import FerdeskError
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.forget import ForgetDialog
from ferdesk.ui.review.opened import OpenedSession
from ferdesk.ui.review.review import Review
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.state.settings import Settings

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card
    from ferdesk.model.predictor import Predictor
    from ferdesk.session.kept import HowRead, KeptFigures
    from ferdesk.sources.spec import SourceSpec


class VideoFiles(QObject):
    """Opens a video at the readings that are kept of it, and begins to play."""

    entered = Signal()
    """A video is on the screen; it may play."""
    not_possible = Signal(object)
    """Carries the SourceSpec of a video that can only be played from beginning to end."""
    told = Signal(str)
    refused = Signal(str)
    _complaint = Signal(str)

    def __init__(
        self, engine: EnginePort, review: Review, store: SettingsStore, jobs: Jobs, window: QWidget
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._review = review
        self._store = store
        self._jobs = jobs
        self._window = window
        self._checkpoint: Path | None = None
        store.changed.connect(self._settings_changed)
        self._complaint.connect(self.refused, Qt.ConnectionType.QueuedConnection)

    @property
    def active(self) -> bool:
        """Whether a video is on the screen."""
        opened = self._review.opened
        return opened is not None and opened.kept is not None

    def open(self, spec: SourceSpec, checkpoint: Path | None = None) -> None:
        """Open this; `checkpoint` is used when none is in use yet (None: the built-in one)."""
        from ferdesk.session.schema import SessionError

        self._checkpoint = checkpoint
        try:
            if self._engine.card is None:
                self._engine.load_checkpoint(checkpoint or asset(DEFAULT_CHECKPOINT))
        except FerdeskError as error:
            self.refused.emit(str(error))
            return

        def failed(error: FerdeskError) -> None:
            if isinstance(error, SessionError):
                self.told.emit(f"{error} It is read as it plays and not kept.")
                self.not_possible.emit(spec)
            else:
                self.refused.emit(str(error))

        self._prepare(Path(spec.value), lambda opened: self._enter(opened, 0.0), failed)

    def checkpoint_loaded(self) -> None:
        """The engine uses another checkpoint: the video is read anew; both readings are kept."""
        opened, card = self._review.opened, self._engine.card
        if opened is None or opened.reading is None or card is None:
            return
        how = opened.reading.how
        if (how.checkpoint, how.checkpoint_sha256) != (card.name, card.sha256):
            self._reopen(opened)

    def ask_to_forget(self) -> None:
        """Delete kept readings…"""
        from ferdesk.session.kept import kept_figures

        self._jobs.run(
            kept_figures, self._ask_to_forget, lambda error: self.refused.emit(str(error)),
            owner=self,
        )  # fmt: skip

    def _ask_to_forget(self, figures: KeptFigures) -> None:
        from ferdesk.session.kept import delete_kept, videos_folder

        if not figures.videos:
            self.told.emit("Nothing is kept of any video.")
            return
        dialog = ForgetDialog(figures, videos_folder(), self._window)
        dialog.accepted.connect(
            lambda: self._jobs.run(
                delete_kept, lambda _none: self.told.emit("The kept readings are deleted."),
                lambda error: self.refused.emit(str(error)), owner=self,
            )
        )  # fmt: skip
        dialog.open()

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        opened = self._review.opened
        names = ("smoothing_seconds", "max_faces", "small_faces")
        changed = any(getattr(old, name) != getattr(new, name) for name in names)
        if changed and opened is not None and opened.kept is not None:
            self._reopen(opened)

    def _reopen(self, opened: OpenedSession) -> None:
        """Read it in another way, where it stands."""
        at, playing = opened.player.position, opened.player.playing
        path = Path(str(opened.session.facts["video"]))
        self._prepare(
            path, lambda other: self._enter(other, at, playing=playing),
            lambda error: self.refused.emit(str(error)),
        )  # fmt: skip

    def _prepare(
        self,
        path: Path,
        ready: Callable[[OpenedSession], None],
        failed: Callable[[FerdeskError], None],
    ) -> None:
        settings, card = self._store.value, self._engine.card
        self._review.prepare(
            path.name,
            lambda: _open(
                path, settings, card or self._checkpoint, self._predictor, self._complaint.emit
            ),
            ready, failed,
        )  # fmt: skip

    def _predictor(self, how: HowRead) -> Predictor | None:
        """The network in use, once it is the one that is wanted."""
        predictor = self._engine.predictor
        if predictor is None:
            return None
        card = predictor.card
        wanted = (how.checkpoint, how.checkpoint_sha256)
        return predictor if (card.name, card.sha256) == wanted else None

    def _enter(self, opened: OpenedSession, at: float, *, playing: bool = True) -> None:
        opened.player.seek(at)
        self._review.enter(opened, self._engine.hand_on)
        assert opened.kept is not None
        if opened.kept.note:
            self.told.emit(opened.kept.note)
        if playing:
            self.entered.emit()


def _open(
    video: Path,
    settings: Settings,
    card: Card | Path | None,
    predictor: Callable[[HowRead], Predictor | None],
    told: Callable[[str], None],
) -> OpenedSession:
    """Slow: for a worker thread. Raises FerdeskError."""
    from ferdesk.model.checkpoint import read_verified_card
    from ferdesk.session.kept import HowRead, open_kept
    from ferdesk.session.player import Player
    from ferdesk.ui.review.opened import compared_passes
    from ferdesk.ui.review.video_reading import VideoReading
    from ferdesk.ui.state.video_courses import VideoCourses

    if card is None or isinstance(card, Path):
        card = read_verified_card(card or asset(DEFAULT_CHECKPOINT))
    how = HowRead(
        card.name, card.sha256, settings.smoothing_seconds, settings.max_faces,
        settings.small_faces,
    )  # fmt: skip
    kept = open_kept(video, how, keep=settings.keep_videos)
    try:
        courses = VideoCourses.of_session(kept.session)
        reading = VideoReading(kept.session, how, courses, lambda: predictor(how), told)
        player = Player(kept.session, ready=reading.ready)
        return OpenedSession(
            kept.session, player, courses.lanes(0.0), courses, compared_passes(kept.session), kept,
            reading,
        )  # fmt: skip
    except BaseException:
        kept.close()
        raise
