"""What is kept or given on, in one window: recording, correcting, review, streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ferdesk.ui.actions import Actions
from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.analyze import AnalyzeDialog
from ferdesk.ui.review.bar import ReviewBar
from ferdesk.ui.review.comparing import Comparing
from ferdesk.ui.review.comparison_panel import ComparisonPanel
from ferdesk.ui.review.crop_keeping import CropKeeping
from ferdesk.ui.review.editing import Editing
from ferdesk.ui.review.exporting import Exporting
from ferdesk.ui.review.notes_panel import NotesPanel
from ferdesk.ui.review.reporting import Reporting
from ferdesk.ui.review.review import Review
from ferdesk.ui.review.video_files import VideoFiles
from ferdesk.ui.session_commands import NO_SESSION, REVIEW
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.state.recording_plan import RecordingPlan
from ferdesk.ui.window.choose_source import Sources, fill_recent_menu
from ferdesk.ui.window.correcting import Correcting
from ferdesk.ui.window.event_keys import EventKeys
from ferdesk.ui.window.live import LiveView
from ferdesk.ui.window.looking_back import LookingBack
from ferdesk.ui.window.markers import Markers
from ferdesk.ui.window.neutral import Neutral
from ferdesk.ui.window.operating_point import OperatingPoint
from ferdesk.ui.window.panels import Panels
from ferdesk.ui.window.recording import Recording
from ferdesk.ui.window.session_slots import connect_commands
from ferdesk.ui.window.streaming import Streaming

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu

    from ferdesk.session.store import Note

_IDLE: Final = "Nothing is being recorded and no session is open"
_REVIEWING: Final = "A session is open; go back to live first (Ctrl+B)"
_OF_A_VIDEO: Final = (
    "A video file needs no recording: what is read of it can be marked, corrected and exported"
)
_LIVE_ONLY: Final = ("record", "reset", "reopen")
_END_FIRST: Final = "A recording is running: end it (Ctrl+R), then open a session."


class SessionWork(QObject):
    """Connects recording, correcting, review and streams with the window's commands."""

    told = Signal(str)
    refused = Signal(str)
    changed = Signal()
    """Review began or ended: the window has to arrange itself."""

    def __init__(
        self,
        engine: EnginePort,
        live: LiveView,
        panels: Panels,
        operating: OperatingPoint,
        store: SettingsStore,
        jobs: Jobs,
        commands: Actions,
        sources: Sources,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._commands = commands
        self._sources = sources
        self._store = store
        self._jobs = jobs
        self._window = window
        self.batch: AnalyzeDialog | None = None
        self.bar = ReviewBar(commands)
        self.recording = Recording(
            engine, live, store, jobs, panels.status.recording, lambda: _named(sources), window
        )
        self.correcting = Correcting(panels.video, lambda: live.shown)
        self.review = Review(
            live, panels, operating, store, jobs, self.bar.transport, self.bar.ribbon, window
        )
        self.videos = VideoFiles(engine, self.review, store, jobs, window)
        self.editing = Editing(self.review, self.bar.ribbon, window)
        self.crops = CropKeeping(self.review, self.editing, jobs, window)
        self.notes = NotesPanel(commands)
        self.comparison = ComparisonPanel(commands)
        self.comparing = Comparing(self.review, self.comparison, store, jobs, window)
        self.exporting = Exporting(self.review, jobs, window)
        self.reporting = Reporting(self.review, store, jobs, window)
        self.streaming = Streaming(
            engine, live, store, jobs, commands, panels.status.streaming, sources, window
        )
        self.event_keys = EventKeys(window)
        self.event_keys.pressed.connect(self.mark)
        self._timeline = panels.timeline
        self.looking = LookingBack(
            live, panels.timeline, panels.video, self.recording, jobs, window
        )
        self.looking.changed.connect(self._looked_back)
        self.looking.sought.connect(self.review.seek)
        self.markers = Markers(jobs, commands, window)
        self.neutral = Neutral(engine, live, panels, self.editing, commands, window)
        self.neutral.taken_changed.connect(self.recording.set_baselines)
        self.recording.marked.connect(self.streaming.mark)
        self.markers.heard.connect(self.recording.mark_heard)
        for part in (
            self.recording, self.review, self.videos, self.exporting, self.reporting,
            self.comparing, self.streaming, self.markers, self.neutral,
        ):  # fmt: skip
            part.told.connect(self.told)
            part.refused.connect(self.refused)
        self.editing.refused.connect(self.refused)
        self.editing.changed.connect(self._edits_changed)
        self.comparing.changed.connect(self.changed)
        self.review.notes_changed.connect(self._list_notes)
        self.notes.sought.connect(self.review.seek)
        self.notes.edit_wanted.connect(self.editing.edit)
        self.recording.changed.connect(self._recording_changed)
        self.correcting.corrected.connect(self._corrected)
        self.review.entered.connect(self._entered)
        self.review.left.connect(self._left)
        self.videos.entered.connect(lambda: commands["pause"].setChecked(False))
        self.review.stopped.connect(lambda: commands["pause"].setChecked(True))
        sources.chosen.connect(lambda _spec: self.review.leave())
        connect_commands(self, commands)

    def close(self) -> None:
        """The window closes: leave nothing unwritten."""
        self.recording.close()
        self.review.close()
        self.streaming.close()
        if self.batch is not None:
            self.batch.close_down()
        self.comparing.close()
        self.markers.close()

    # What the window asks

    @property
    def reviewing(self) -> bool:
        """Whether the panels show a recorded session."""
        return self.review.active

    @property
    def compares(self) -> bool:
        """Whether the session under review was read by a second checkpoint, too."""
        opened = self.review.opened
        return opened is not None and bool(opened.compared)

    @property
    def draws_landmarks(self) -> bool:
        """Whether landmarks stand for pictures that were not kept."""
        opened = self.review.opened
        return opened is not None and not opened.shows_pictures and opened.keeps_landmarks

    def mirrors(self) -> bool:
        """Whether what is shown came from a camera."""
        opened = self.review.opened
        return self._sources.is_camera if opened is None else opened.from_camera

    def pause(self, paused: bool) -> None:
        """Stop or go on: the session under review, or the engine."""
        if self.reviewing:
            self.review.pause(paused)
        else:
            self._engine.pause(paused)

    def open(self, place: str) -> None:
        """Look back at the session in this folder."""
        if self.recording.running:
            self.refused.emit(_END_FIRST)
        else:
            self.review.open(place)

    def open_first(self, source: str | None) -> None:
        """At the start: the session or source that was named, or the last source."""
        folder = _session_folder(Path(source)) if source is not None else None
        if folder is not None:
            self.open(str(folder))
        else:
            self._sources.open_first(source)

    def open_files(self, files: Sequence[Path]) -> None:
        """What was dropped: a session is looked back at, everything else is a source."""
        folder = _session_folder(files[0]) if len(files) == 1 else None
        if folder is not None:
            self.open(str(folder))
        else:
            self._sources.open_files(files)

    def attach_recent_menu(self, menu: QMenu) -> None:
        """Fill `menu` whenever it is opened."""
        menu.addAction("Nothing yet").setEnabled(False)
        menu.aboutToShow.connect(
            lambda: fill_recent_menu(
                menu, self._jobs, self._store.value.recent_sessions, self.open,
                lambda error: self.refused.emit(str(error)),
            )
        )  # fmt: skip

    # Commands: see `session_slots`

    def analyze_files(self) -> None:
        """The queue of files; it goes on while its window is closed."""
        if self.batch is None:
            folder = RecordingPlan.from_settings(self._store.value).folder
            self.batch = AnalyzeDialog(folder, self._store.value, self._jobs, self._window)
            self.batch.session_wanted.connect(self.open)
        self.batch.show()
        self.batch.raise_()

    def back_to_live(self) -> None:
        """Come back to now; or close the session and read what was read before it."""
        if self.looking.stop():
            return
        of_a_video = self.videos.active
        self.review.leave()
        if self._sources.current is not None and not of_a_video:
            self._sources.reopen()
        else:
            self._sources.open_first(None)

    def zoom(self, steps: int | None) -> None:
        """The ribbon of a session, or the timeline; None: everything."""
        ribbon, timeline = self.bar.ribbon, self._timeline
        if steps is None:
            (ribbon.show_all if self.reviewing else timeline.show_whole)()
        else:
            (ribbon if self.reviewing else timeline).zoom(steps)

    def _looked_back(self, on: bool) -> None:
        self._commands.set_enabled("back_to_live", on, NO_SESSION)

    def ask_session(self) -> None:
        """Open session…"""
        if self.recording.running:
            self.refused.emit(_END_FIRST)
        else:
            self.review.ask()

    def mark(self, label: str) -> None:
        """Note an event at this moment, in the recording or the session under review."""
        (self.editing if self.reviewing else self.recording).mark(label)

    def _corrected(self, face: int, label: str) -> None:
        if self.reviewing:
            self.editing.correct(label, face)
        else:
            self.recording.correct(face, label)

    def with_chosen(self, do: Callable[[Note], None]) -> None:
        """Do it with the chosen entry of the list."""
        note = self.notes.chosen
        if note is not None:
            do(note)
        else:
            self.told.emit("Choose an entry in the list of events and corrections first.")

    def _list_notes(self) -> None:
        if self.review.opened is not None:
            self.notes.show_notes(self.review.opened.session.store)

    def _edits_changed(self) -> None:
        edits = self.editing.edits
        for name, text in (
            ("undo", edits.undo_text if edits is not None else ""),
            ("redo", edits.redo_text if edits is not None else ""),
        ):
            verb = name.capitalize()
            self._commands[name].setText(f"{verb}: {text}" if text else verb)
            self._commands.set_enabled(name, bool(text), f"There is nothing to {name}")

    def _recording_changed(self, on: bool) -> None:
        record = self._commands["record"]
        record.setChecked(on)
        record.setText("Stop recording" if on else "Record")
        record.setIconText("Stop" if on else "Record")
        self._allow_marks(on)

    def _entered(self) -> None:
        # The camera is somebody's: it is let go while nobody looks through it.
        self._engine.stop()
        for name in REVIEW:
            self._commands.set_enabled(name, True)
        for name in _LIVE_ONLY:
            self._commands.set_enabled(name, False, _REVIEWING)
        if self.videos.active:
            self._commands.set_enabled("record", False, _OF_A_VIDEO)
        self._commands["pause"].setChecked(False)
        self._commands["pause"].setChecked(True)
        self._allow_marks(True)
        self._edits_changed()
        self.bar.ribbon.setFocus()
        self.changed.emit()

    def _left(self) -> None:
        for name in REVIEW:
            self._commands.set_enabled(name, False, NO_SESSION)
        for name in _LIVE_ONLY:
            self._commands.set_enabled(name, True)
        self._commands["pause"].setChecked(False)
        self._allow_marks(False)
        self.changed.emit()

    def _event_labels(self) -> Sequence[str]:
        """As they were when the session was recorded; of older ones that is not known."""
        opened = self.review.opened
        if opened is None:
            return self.recording.plan.keys
        return opened.session.facts.get("event_keys") or self._store.value.event_keys

    def _allow_marks(self, on: bool) -> None:
        self.correcting.possible = on
        self.correcting.excludes = self.reviewing
        self.event_keys.set_labels(self._event_labels() if on else ())
        for name in ("mark", "correct"):
            self._commands.set_enabled(name, on, _IDLE)


def _named(sources: Sources) -> str:
    return sources.current.shown if sources.current is not None else ""


def _session_folder(place: Path) -> Path | None:
    """The session that `place` is or lies in; None when it is none."""
    from ferdesk.session.folder import DATABASE, looks_like_session

    folder = place.parent if place.name == DATABASE else place
    return folder if looks_like_session(folder) else None
