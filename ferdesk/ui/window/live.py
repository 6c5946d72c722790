"""The pull: timers that take what is newest from the engine and hand it to the panels."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ferdesk.pipeline.types import EngineState, Reading
from ferdesk.ui.state.course import Course
from ferdesk.ui.state.engine_port import EnginePort, Feed
from ferdesk.ui.state.history import Histories
from ferdesk.ui.state.played_history import PlayedHistories
from ferdesk.ui.state.selection import FaceSelection
from ferdesk.ui.state.shown import Shown
from ferdesk.ui.state.video_courses import VideoCourses
from ferdesk.ui.window.panels import Panels

FRAME_MS: Final = 12
"""How often is looked for a new reading: it adds half of this to the latency."""
REPAINT_SECONDS: Final = 0.023
"""The video is repainted at least so often, some 40 times a second, new reading or not."""
PLOT_MS: Final = 80
NUMBERS_MS: Final = 250
STATUS_MS: Final = 500
_AHEAD: Final = 0.5
"""Seconds by which the curves of a file move on without a reading: it may be loading."""
_SILENCE: Final = 2.5
"""Seconds without any frame after which a running source counts as silent."""


class LiveView(QObject):
    """Feeds the panels. Nothing is pushed to it: a slow window only skips readings."""

    faces_changed = Signal(int)
    """How many faces are in view."""
    picture_available = Signal(bool)
    still_changed = Signal(bool)
    """Whether what is shown is a picture, which has no time."""
    threshold_changed = Signal(float)
    read = Signal(object)
    """Every `Reading` that was taken."""
    forgotten = Signal()
    """Faces are counted anew from here on."""
    written_out = Signal(object)
    """Words and numbers were brought to this `Shown`."""
    silence = Signal(bool)
    """The running source gives no frames any more (True), or does again (False)."""

    def __init__(self, engine: EnginePort, panels: Panels, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._panels = panels
        self._feed: Feed = engine
        self.reviewing = False
        """The panels show a recorded session."""
        self._word = ""
        self._histories: Histories | PlayedHistories | VideoCourses = Histories()
        self._selection = FaceSelection()
        self.course: Course = Course()
        """What was shown since the source began."""
        panels.timeline.course = self.course
        self.shown = Shown()
        """What all panels show right now."""
        self._newest: Shown | None = None
        """What they would show, while they show a moment of the past."""
        self._every_frame = False
        self._count = -1
        self.in_real_time = True
        """The curves follow the clock (cameras, streams), or else the time of the file."""
        self._last_sign = 0.0
        self._painted = 0.0
        self.still = False
        """What is shown is a picture: it has no time."""
        self._silent = False
        self.ended = False
        """The file was played to its end: silence is what is to be expected."""
        self._timers = [
            self._timer(FRAME_MS, self.tick, Qt.TimerType.PreciseTimer),
            self._timer(PLOT_MS, self.refresh_plots),
            self._timer(NUMBERS_MS, self.write_out),
            self._timer(STATUS_MS, self.refresh_status),
        ]
        panels.video.face_clicked.connect(self.choose_face)
        panels.distribution.face_step.connect(self.step_face)

    def start(self) -> None:
        """Begin to pull."""
        for timer in self._timers:
            timer.start()
        self.refresh_status()

    def stop(self) -> None:
        """Pull no more."""
        for timer in self._timers:
            timer.stop()

    def set_every_frame(self, on: bool) -> None:
        """Show frames that were not analysed, too."""
        self._every_frame = on
        if not on:
            self._panels.video.drop_preview()

    def follow(
        self, feed: Feed, histories: PlayedHistories | VideoCourses, word: str = "Review"
    ) -> None:
        """Pull from a recorded session from now on; `word` is what the status bar calls it."""
        self._feed, self._histories, self.reviewing = feed, histories, True
        self._word = word
        self.in_real_time = False
        self._panels.timeline.course = None
        self.reset()

    def follow_engine(self) -> None:
        """Pull from the engine again."""
        self._feed, self._histories, self.reviewing = self._engine, Histories(), False
        self._panels.timeline.course = self.course
        self.reset()

    def interrupt(self) -> None:
        """What comes next does not follow on what was: a pause, or a camera that was away."""
        if self.in_real_time:
            self._histories.interrupt()
            self.course.interrupt()

    def reset(self, *, keep_history: bool = False) -> None:
        """Forget faces, curves and the picture: another source begins, or the same one is back."""
        self._newest = None
        if keep_history:
            self._histories.interrupt()
            self.course.interrupt()
        else:
            self._histories.clear()
            self.course.clear()
            self._panels.timeline.follow()
            self._panels.timeline.marks.clear()
        self._selection.reset()
        self._panels.video.clear()
        self._present(Shown(threshold=self.shown.threshold, weak=self.shown.weak))
        self.alive()
        self.picture_available.emit(False)
        self.forgotten.emit()
        self.refresh_plots()
        self.refresh_numbers()

    def alive(self) -> None:
        """The source just gave a sign of life."""
        self._last_sign = time.perf_counter()
        self.ended = False
        self._set_silent(False)

    def tick(self) -> None:
        """Take the newest reading, if there is one, and repaint the video."""
        video = self._panels.video
        reading = self._feed.take_reading()
        fresh = reading is not None
        if reading is not None:
            self._take(reading)
        # While the network is being loaded there are frames but no readings yet.
        if (self._every_frame and not self.in_the_past) or self.shown.reading is None:
            frame = self._feed.take_preview()
            if frame is not None:
                self._last_sign = time.perf_counter()
                video.show_preview(frame)
                fresh = True
        now = time.perf_counter()
        if fresh or now - self._painted >= REPAINT_SECONDS:
            self._painted = now
            video.update()

    def _take(self, reading: Reading) -> None:
        """This is the newest: show it, or only note it while the past is looked at."""
        present = self.shown if self._newest is None else self._newest
        before = present.reading
        if before is None or before.frame.file != reading.frame.file:
            # Ids start anew in every file.
            self._selection.reset()
        now = self._time_of(reading)
        self._histories.add(reading, now)
        self._last_sign = time.perf_counter()
        self.read.emit(reading)
        selected = self._selection.pick(reading)
        shown = replace(present, reading=reading, selected=selected)
        if not self.reviewing:
            self.course.note(shown, now, present)
        if self._newest is not None:
            self._newest = shown
            return
        self._present(shown)
        if before is None:
            self.picture_available.emit(True)
        if reading.frame.still != self.still:
            self.still = reading.frame.still
            self.still_changed.emit(self.still)
        if shown.contradicts_itself:
            self.write_out()

    # Looking back, while the source goes on

    @property
    def in_the_past(self) -> bool:
        """Whether the panels show a moment of the past."""
        return self._newest is not None

    def look_at(self, reading: Reading) -> None:
        """Show this reading of the past in all panels."""
        if self._newest is None:
            self._newest = self.shown
        ids = [face.face_id for face in reading.faces]
        selected = self._newest.selected
        if selected not in ids:
            selected = ids[0] if ids else None
        self._present(replace(self.shown, reading=reading, written=reading, selected=selected))
        self.refresh_numbers()

    def look_at_now(self) -> None:
        """Show the newest reading again."""
        newest, self._newest = self._newest, None
        if newest is not None:
            self._present(replace(newest, threshold=self.shown.threshold, weak=self.shown.weak))
            self.write_out()
            self.refresh_plots()

    def refresh_plots(self) -> None:
        """Move the curves on."""
        now = self.now
        present = self.shown if self._newest is None else self._newest
        history = self._histories.of(present.selected)
        self._panels.distribution.refresh()
        self._panels.movements.refresh()
        for panel in (self._panels.timeline, self._panels.purification):
            if panel.isVisible():
                panel.refresh(history, now, of_file=not self.in_real_time)

    def write_out(self) -> None:
        """Bring words and numbers to the newest reading; called slowly enough to be read."""
        if self.shown.written is not self.shown.reading:
            self._present(replace(self.shown, written=self.shown.reading))
            self.refresh_numbers()

    def refresh_numbers(self) -> None:
        """Draw words and numbers anew, in all panels at once."""
        self._panels.distribution.refresh()
        self._panels.distribution.refresh_text()
        self._panels.purification.refresh_text()
        self._panels.movements.refresh_text()
        self.written_out.emit(self.shown)
        self._panels.files.refresh_text()

    def refresh_status(self) -> None:
        """Status bar, log, and whether the source still gives frames."""
        stats = self._feed.stats()
        if self.reviewing:
            self._panels.status.set_activity(self._word)
        video = self._panels.video
        self._panels.status.refresh(
            stats,
            None if self.reviewing else video.latency_ms(),
            paused=self._feed.paused,
            file=self.shown.file_among(self._feed.files),
        )
        self._panels.log.refresh()
        expected = stats.state is EngineState.RUNNING and not self._feed.paused and not self.ended
        if stats.capture_per_second > 0 or not expected:
            self._last_sign = time.perf_counter()
        self._set_silent(expected and time.perf_counter() - self._last_sign > _SILENCE)

    def choose_face(self, face_id: int) -> None:
        """Show this face in the panels."""
        if not self.in_the_past:
            self._selection.choose(face_id)
            self._show_selected()

    def step_face(self, by: int) -> None:
        """Show the next or previous face in the panels."""
        if not self.in_the_past:
            self._selection.step(by)
            self._show_selected()

    def set_limits(self, threshold: float, weak: Mapping[str, float]) -> None:
        """Labels less reliable than this are withheld from now on; `weak` as in `Shown`."""
        self._present(replace(self.shown, threshold=threshold, weak=weak))
        self.threshold_changed.emit(threshold)
        self.refresh_numbers()

    def mark(self, label: str) -> None:
        """Flag this moment in the timeline."""
        self._panels.timeline.marks.append((self.now, label))
        self.refresh_plots()

    def _show_selected(self) -> None:
        if self.shown.reading is None:
            return
        selected = self._selection.pick(self.shown.reading)
        self._present(replace(self.shown, selected=selected))
        self.refresh_plots()
        self.refresh_numbers()

    def _time_of(self, reading: Reading) -> float:
        """Where the reading stands on the axis of the curves, in seconds."""
        frame = reading.frame
        return frame.captured_at if self.in_real_time else frame.media_time

    @property
    def now(self) -> float:
        """The right edge of the curves: it stands still when the source does."""
        reading = (self.shown if self._newest is None else self._newest).reading
        moving = self._feed.state is EngineState.RUNNING and not self._feed.paused
        if reading is None or self.ended or not moving:
            return 0.0 if reading is None else self._time_of(reading)
        waited = time.perf_counter() - reading.frame.captured_at
        return self._time_of(reading) + (waited if self.in_real_time else min(waited, _AHEAD))

    def _present(self, shown: Shown) -> None:
        """Hand it to every panel."""
        self.shown = shown
        panels = self._panels
        panels.video.present(shown)
        panels.distribution.present(shown)
        panels.timeline.present(shown)
        panels.files.present(shown)
        panels.purification.present(shown)
        panels.movements.present(shown)
        count = len(shown.faces)
        if count != self._count:
            self._count = count
            self.faces_changed.emit(count)

    def _set_silent(self, silent: bool) -> None:
        if silent != self._silent:
            self._silent = silent
            self.interrupt()
            self.silence.emit(silent)

    def _timer(
        self, period: int, slot: object, kind: Qt.TimerType = Qt.TimerType.CoarseTimer
    ) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(period)
        timer.setTimerType(kind)
        timer.timeout.connect(slot)
        return timer
