"""A click in the timeline shows that moment, while the source and the recording go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ferdesk.durations import clock
from ferdesk.errors import FerdeskError
from ferdesk.ui.background import Jobs
from ferdesk.ui.panels.timeline import TimelinePanel
from ferdesk.ui.panels.video import VideoPanel
from ferdesk.ui.window.live import LiveView
from ferdesk.ui.window.recording import Recording

if TYPE_CHECKING:
    from ferdesk.session.past import Moment
    from ferdesk.session.recorder import Recorder

_NOT_RECORDED: Final = "Not recorded: the timeline has the numbers. Esc: back to now"
_STEP: Final = 1.0
"""Seconds that a key goes back or on."""
_LATEST: Final = 0.3
"""Seconds before now that count as now."""
_WORDS_MS: Final = 250


class LookingBack(QObject):
    """`at` is the moment that is looked at, on the axis of the curves; None is now."""

    changed = Signal(bool)
    """The past is looked at (True), or no longer."""
    sought = Signal(float)
    """Where a session is under review: go to these seconds."""

    def __init__(
        self,
        live: LiveView,
        timeline: TimelinePanel,
        video: VideoPanel,
        recording: Recording,
        jobs: Jobs,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._live = live
        self._timeline = timeline
        self._video = video
        self._recording = recording
        self._jobs = jobs
        self.at: float | None = None
        self._recorders: list[Recorder] = []
        """Of this source, the one at work last."""
        self._request = 0
        self._complaint = ""
        self._notice: str | None = None
        """What the notice said before."""
        self._timer = QTimer(self)
        self._timer.setInterval(_WORDS_MS)
        self._timer.timeout.connect(self._say_when)
        timeline.moment_wanted.connect(self.look)
        timeline.followed.connect(self.stop)
        recording.changed.connect(self._recording_changed)
        live.forgotten.connect(self._forget)

    def look(self, time: float) -> None:
        """Show the moment nearest to `time`; of the last instant it is now again."""
        if self._live.reviewing:
            self.sought.emit(time)
            return
        nearest = self._live.course.nearest(time)
        if nearest is None:
            return
        if time > self._live.now - _LATEST:
            self.stop()
            return
        began, self.at = self.at is None, nearest
        self._timeline.show_moment(nearest)
        self._timer.start()
        if began:
            self.changed.emit(True)
        self._fetch(nearest)
        self._say_when()

    def step(self, direction: int) -> None:
        """A second earlier (-1) or later (+1)."""
        at = self._live.now if self.at is None else self.at
        if not self._live.reviewing:
            self.look(at + direction * _STEP)

    def stop(self) -> bool:
        """Back to now; False when it is now already."""
        self._request += 1
        if self.at is None:
            return False
        self.at, self._complaint = None, ""
        self._tell("")
        self._timer.stop()
        self._video.set_past("")
        self._timeline.show_moment(None)
        self._timeline.follow()
        self._live.look_at_now()
        self.changed.emit(False)
        return True

    def _recording_changed(self, on: bool) -> None:
        if on and self._recording.recorder is not None:
            self._recorders.append(self._recording.recorder)

    def _forget(self) -> None:
        """Faces are counted anew; perhaps another source begins, of which only what is recorded
        from here on is known."""
        self.stop()
        if self._live.course.first_time is None:
            self._recorders = [r for r in self._recorders if r is self._recording.recorder]

    def _fetch(self, time: float) -> None:
        """The picture and the readings of that moment, if they are being recorded."""
        self._request += 1
        request, of_file = self._request, not self._live.in_real_time
        places = [
            (recorder.folder, recorder.started_at)
            for recorder in reversed(self._recorders)
            if recorder.started_at is not None
        ]
        if not places:
            self._only_numbers()
            return

        def show(moment: Moment) -> None:
            if request == self._request:
                self._complaint = moment.complaint
                self._live.look_at(moment.reading)
                self._tell("")
                self._say_when()

        def failed(_error: FerdeskError) -> None:
            if request == self._request:
                self._only_numbers()

        self._jobs.run(lambda: _moment(places, time, of_file), show, failed, owner=self)

    def _only_numbers(self) -> None:
        """Nothing was recorded then: the picture stays that of now."""
        self._live.look_at_now()
        self._video.set_past("")
        self._tell(_NOT_RECORDED)

    def _tell(self, text: str) -> None:
        """A line at the foot of the picture; the one before comes back when it is over ("")."""
        if text and self._notice is None:
            self._notice = self._video.notice
        if text:
            self._video.set_notice(text)
        elif self._notice is not None:
            self._video.set_notice(self._notice)
            self._notice = None

    def _say_when(self) -> None:
        if self.at is None or not self._live.in_the_past:
            return
        ago = max(0.0, self._live.now - self.at)
        when = f"{ago:.0f} s ago" if ago < 60 else f"{clock(ago)} ago"
        self._video.set_past(" · ".join(filter(None, (when, self._complaint, "Esc: back to now"))))


def _moment(places: Sequence[tuple[Path, float]], time: float, of_file: bool) -> Moment:
    """From the first of these recordings, (folder, beginning), that has it. FerdeskError."""
    from ferdesk.session.past import moment

    for folder, start in places[:-1]:
        try:
            return moment(folder, time if of_file else time - start, start, of_file=of_file)
        except FerdeskError:
            continue
    folder, start = places[-1]
    return moment(folder, time if of_file else time - start, start, of_file=of_file)
