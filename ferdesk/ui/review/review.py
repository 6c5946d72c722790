"""Looking back at one session in the window: opens it, moves through it, leaves it again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from ferdesk.errors import FerdeskError
from ferdesk.ui.background import Jobs
from ferdesk.ui.review.opened import OpenedSession, SessionFeed, open_session
from ferdesk.ui.review.ribbon import Ribbon
from ferdesk.ui.review.transport import Transport
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.settings import remembered
from ferdesk.ui.state.stretch import Stretch
from ferdesk.ui.state.video_courses import VideoCourses
from ferdesk.ui.window.live import LiveView
from ferdesk.ui.window.operating_point import OperatingPoint
from ferdesk.ui.window.panels import Panels

if TYPE_CHECKING:
    from ferdesk.pipeline.types import Reading
    from ferdesk.session.compare import Disagreement

log = logging.getLogger(__name__)

_MOVE_MS = 40
_RIBBON_SECONDS = 1.0
_NO_PICTURES = "No pictures were kept: the landmarks are drawn on grey."
_NOTHING_KEPT = "Neither pictures nor landmarks were kept: boxes on grey stand for the faces."


class Review(QObject):
    """`opened` is the session that is looked at; None while the window reads live."""

    entered = Signal()
    left = Signal()
    stopped = Signal()
    """The session stands still, at its end or by a jump."""
    moved = Signal(float)
    """The session is at these seconds."""
    notes_changed = Signal()
    told = Signal(str)
    refused = Signal(str)

    def __init__(
        self,
        live: LiveView,
        panels: Panels,
        operating: OperatingPoint,
        store: SettingsStore,
        jobs: Jobs,
        transport: Transport,
        ribbon: Ribbon,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._live = live
        self._panels = panels
        self._operating = operating
        self._store = store
        self._jobs = jobs
        self._window = window
        self.transport = transport
        self.ribbon = ribbon
        self.opened: OpenedSession | None = None
        self.disagreements: tuple[Disagreement, ...] = ()
        """Where the reading compared with says something else."""
        self._request = 0
        self._was_playing = False
        self._shown, self._drawn = (-1, 0.0), 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_MOVE_MS)
        self._timer.timeout.connect(self.show_position)
        ribbon.sought.connect(self.seek)
        ribbon.stepped.connect(self.step)
        ribbon.stretch_chosen.connect(self.choose)
        transport.speed_chosen.connect(self._set_speed)

    @property
    def active(self) -> bool:
        """Whether a session is looked at."""
        return self.opened is not None

    # Opening and leaving

    def ask(self) -> None:
        """Open session…"""
        dialog = QFileDialog(self._window, "Open session")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        folder = self._store.value.sessions_folder
        if folder:
            dialog.setDirectory(folder)
        dialog.fileSelected.connect(self.open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def open(self, place: str) -> None:
        """Read the session elsewhere."""
        self.prepare(Path(place).name, lambda: open_session(Path(place)), self.enter, self._refuse)

    def prepare(
        self,
        name: str,
        work: Callable[[], OpenedSession],
        ready: Callable[[OpenedSession], None],
        failed: Callable[[FerdeskError], None],
    ) -> None:
        """Do the `work` elsewhere; a later call overtakes an earlier one."""
        self._request += 1
        request = self._request
        self._panels.status.set_activity(f"Opening {name} …")

        def done(opened: OpenedSession) -> None:
            if request == self._request:
                ready(opened)
            else:
                opened.close()

        def refused(error: FerdeskError) -> None:
            if request == self._request:
                self._panels.status.set_activity("")
                failed(error)

        self._jobs.run(work, done, refused, owner=self)

    def _refuse(self, error: FerdeskError) -> None:
        self.refused.emit(str(error))

    def leave(self) -> None:
        """Close the session; the window reads live again, or nothing until a source is opened."""
        self._request += 1
        if self._close():
            self._live.follow_engine()
            self._operating.hold(None)
            self._panels.video.set_notice("")
            self._panels.status.set_activity("")
            self.left.emit()

    def close(self) -> None:
        """The window closes."""
        self._close()

    def _close(self) -> bool:
        opened, self.opened = self.opened, None
        self._timer.stop()
        if opened is None:
            return False
        opened.close()
        return True

    def enter(
        self, opened: OpenedSession, hand_on: Callable[[Reading], None] | None = None
    ) -> None:
        """Look at this; `hand_on` hears what is played."""
        self._close()
        self.opened = opened
        self._was_playing = False
        session = opened.session
        word = "Review" if opened.kept is None else "Video"
        self._live.follow(SessionFeed(opened, hand_on=hand_on), opened.histories, word)
        self.ribbon.load(opened.rows, session.duration)
        self._shown, self._drawn = (-1, 0.0), 0.0
        self.show_notes()
        if opened.kept is None:
            recent = remembered(self._store.value.recent_sessions, str(session.folder))
            self._store.update(recent_sessions=recent)
        for note in (*session.notes, opened.player.complaint):
            if note and note not in session.notes[:-1]:
                self.told.emit(note)
        self._panels.video.set_veil("")
        if opened.reading is not None:
            self._panels.video.set_message("Loading the network …", busy=True)
        self.entered.emit()
        if not opened.shows_pictures:
            kept = _NO_PICTURES if opened.keeps_landmarks else _NOTHING_KEPT
            self._panels.video.set_notice(kept)
        else:
            self._panels.video.set_notice("")
        self._timer.start()
        self.show_position()

    def take(self, opened: OpenedSession) -> None:
        """The same session, of which there is more to show now."""
        self.opened = opened
        self.ribbon.show_rows(opened.rows)

    # Moving

    def pause(self, paused: bool) -> None:
        """Stand still, or play on."""
        if self.opened is None:
            return
        player = self.opened.player
        if paused:
            player.pause()
        elif not player.playing:
            player.play(self.transport.speed.currentData())
        self._was_playing = player.playing

    def seek(self, seconds: float) -> None:
        """Go there."""
        if self.opened is not None:
            self.opened.player.seek(seconds)
            self.show_position()

    def step(self, readings: int) -> None:
        """Stop, and go so many readings on or back."""
        if self.opened is not None:
            self.opened.player.step(readings)
            self.show_position()

    def jump(self, what: str, direction: int = 1) -> None:
        """To the next "event", "unsure", "correction" or "disagreement"; -1: the one before."""
        if self.opened is None:
            return
        player = self.opened.player
        moves = {
            "event": player.next_event,
            "unsure": player.next_unsure,
            "correction": player.next_correction,
            "disagreement": self._next_disagreement,
        }
        if not moves[what](direction):
            name = "unsure stretch" if what == "unsure" else what
            where = "after" if direction > 0 else "before"
            self.told.emit(f"There is no {name} {where} this moment.")
        self.show_position()

    def _next_disagreement(self, direction: int) -> bool:
        if self.opened is None:
            return False
        here = self.opened.player.position
        wanted = [d.onset for d in self.disagreements if (d.onset - here) * direction > 1e-4]
        if not wanted:
            return False
        self.opened.player.pause()
        self.opened.player.seek(min(wanted, key=lambda at: abs(at - here)))
        return True

    def show_position(self) -> None:
        """Bring ribbon, clock and limit to where the player is."""
        opened = self.opened
        if opened is None:
            return
        player = opened.player
        position = player.position
        self.ribbon.set_position(position)
        reading = opened.reading
        self.transport.set_time(
            position, player.duration, 1.0 if reading is None else reading.share
        )
        if reading is None:
            analysis = opened.analysis
            self._operating.hold(analysis.threshold if analysis is not None else 0.0)
        else:
            self._operating.hold(None)
            reading.going = player.playing
            self._show_what_is_read(opened)
        if self._was_playing and not player.playing:
            if self._repeats(opened):
                player.play(self.transport.speed.currentData())
            else:
                self.stopped.emit()
        self._was_playing = player.playing
        self.moved.emit(position)
        self._live.tick()

    def _repeats(self, opened: OpenedSession) -> bool:
        """A video that came to its end is to begin again."""
        at_the_end = opened.player.index == opened.player.count - 1
        return opened.kept is not None and at_the_end and self._store.value.repeat_files

    def _show_what_is_read(self, opened: OpenedSession) -> None:
        """Bring the ribbon of a video up to date, once per second."""
        from ferdesk.session.lanes import starts_of_unsure

        courses, threshold = opened.histories, self._live.shown.threshold
        if not isinstance(courses, VideoCourses) or opened.reading is None:
            return
        shown = (int(courses.read.sum()), threshold)
        now = time.monotonic()
        if shown == self._shown or now - self._drawn < _RIBBON_SECONDS:
            return
        self._shown, self._drawn = shown, now
        opened.reading.threshold = threshold
        lanes = courses.lanes(threshold)
        opened.player.unsure = starts_of_unsure(lanes)
        self.ribbon.set_read(courses.stretches())
        self.take(replace(opened, lanes=lanes))

    def _set_speed(self, speed: float) -> None:
        if self.opened is not None and self.opened.player.playing:
            self.opened.player.play(speed)

    # Stretches and notes

    def choose(self, stretch: Stretch | None) -> None:
        """This stretch is the one that edits are about."""
        self.ribbon.set_stretch(stretch)

    def set_edge(self, *, begin: bool) -> None:
        """The chosen stretch begins or ends here."""
        if self.opened is None:
            return
        here, now = self.opened.player.position, self.ribbon.stretch
        other = (now.end if begin else now.start) if now is not None else here
        if now is None:
            other = self.opened.player.duration if begin else 0.0
        face = now.face if now is not None else None
        self.choose(Stretch.between(here, other, face))

    def show_notes(self) -> None:
        """Draw events and corrections as they are in the session now."""
        if self.opened is None:
            return
        store = self.opened.session.store
        events = store.events()
        self.ribbon.show_notes(events, store.corrections())
        self._panels.timeline.marks = [(e.onset, e.label) for e in events if e.origin != "ferdesk"]
        self.opened.player.renew_baselines()
        self._live.tick()
        self._live.refresh_plots()
        self.notes_changed.emit()
