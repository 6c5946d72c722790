"""Recording what the window reads: begin, marks, figures, end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ferdesk.durations import clock
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import EngineState
from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.record import RecordDialog
from ferdesk.ui.panels.recording_status import RecordingField
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.state.recording_plan import RecordingPlan, size
from ferdesk.ui.state.settings import remembered
from ferdesk.ui.window.live import LiveView

if TYPE_CHECKING:
    from ferdesk.pipeline.baseline import Taken
    from ferdesk.session.recorder import Recorder, RecorderStatus

log = logging.getLogger(__name__)

MARK: Final = "mark"
FIGURES_MS: Final = 500
_WRITE_SECONDS: Final = 120.0
"""What the last rows of a long session and its readings.csv may take."""
NOTHING_READ: Final = "Nothing is being read: open a camera or a file, then record."


class Recording(QObject):
    """At most one recording at a time; it never stops the reading."""

    changed = Signal(bool)
    """A recording began (True) or ended."""
    marked = Signal(str)
    """A person noted an event."""
    saved = Signal(Path)
    told = Signal(str)
    refused = Signal(str)
    _ended = Signal(str)

    def __init__(
        self,
        engine: EnginePort,
        live: LiveView,
        store: SettingsStore,
        jobs: Jobs,
        field: RecordingField,
        source: Callable[[], str],
        window: QWidget,
    ) -> None:
        """`source`: what is read now, as `SourceSpec.parse` takes it."""
        super().__init__(window)
        self._engine = engine
        self._live = live
        self._store = store
        self._jobs = jobs
        self._field = field
        self._source = source
        self._window = window
        self.recorder: Recorder | None = None
        self._taken: tuple[Taken, ...] = ()
        self.plan = RecordingPlan.from_settings(store.value)
        self._beginning = self._asking = False
        self._timer = QTimer(self)
        self._timer.setInterval(FIGURES_MS)
        self._timer.timeout.connect(self.refresh)
        self._ended.connect(self._ended_by_itself, Qt.ConnectionType.QueuedConnection)
        live.threshold_changed.connect(self._set_threshold)

    @property
    def running(self) -> bool:
        """Whether something is being recorded."""
        return self.recorder is not None

    def toggle(self) -> None:
        """Ask and begin, or end."""
        if self.recorder is not None:
            self.stop()
        elif not self._beginning:
            self.ask()

    def ask(self) -> None:
        """The dialog; recording begins when it is accepted."""
        if self._engine.state is not EngineState.RUNNING:
            self.refused.emit(NOTHING_READ)
            self.changed.emit(False)
            return
        dialog = RecordDialog(RecordingPlan.from_settings(self._store.value), self._window)
        dialog.chosen.connect(self.begin)
        dialog.rejected.connect(lambda: self.changed.emit(False))
        dialog.open()

    def begin(self, plan: RecordingPlan) -> None:
        """Make the session elsewhere, then record; `changed` or `refused` follows."""
        self.plan = plan
        self._beginning = True
        self._store.update(
            sessions_folder=str(plan.folder), record_landmarks=plan.landmarks, event_keys=plan.keys
        )
        spec, detail = self._source(), self._engine.stats().source
        self._jobs.run(
            lambda: _make(plan, spec, detail, self._tell), self._begun, self._not_begun, owner=self
        )

    def mark(self, label: str) -> None:
        """Note an event at this moment and flag it in the timeline."""
        if self.recorder is None:
            return
        if self.recorder.mark(label) is None:
            self.told.emit("No frame is recorded yet; try again in a moment.")
            return
        self._live.mark(label)
        self.marked.emit(label)

    def mark_heard(self, label: str, at: float) -> None:
        """Note a marker of another program, when `time.perf_counter()` was `at`."""
        from ferdesk.session.records import Origin

        if self.recorder is not None and self.recorder.mark(label, origin=Origin.LSL, at=at):
            self._live.mark(label)

    def correct(self, face: int, label: str, seconds: float = 1.0) -> None:
        """Keep what a person says about a face: it holds for the second that just ended."""
        reading = self._live.shown.reading
        if self.recorder is None or reading is None:
            return
        end = reading.frame.captured_at
        if self.recorder.correct(label, face=face, duration=seconds, at=end - seconds) is not None:
            self.told.emit(f"Noted: face {face} shows {label} (the last second).")

    def set_baselines(self, taken: tuple[Taken, ...]) -> None:
        """These neutral baselines hold; a recording that begins later gets them, too."""
        self._taken = taken
        if self.recorder is not None:
            self.recorder.set_baselines(taken)

    def stop(self) -> None:
        """End the recording; what waits is still written elsewhere."""
        recorder = self._release()
        if recorder is None:
            return
        recorder.stop()
        self._jobs.run(
            lambda: recorder.join(_WRITE_SECONDS),
            lambda done: self._closed(recorder, done),
            lambda error: self.refused.emit(str(error)),
            owner=self,
        )

    def close(self) -> None:
        """The window closes: end the recording and wait until everything is written."""
        recorder = self._release()
        if recorder is not None:
            recorder.stop()
            if not recorder.join(_WRITE_SECONDS):
                log.warning("%s will be recovered when it is opened", recorder.folder)

    def refresh(self) -> None:
        """Bring the figures up to date; the disk is asked elsewhere, it may take its time."""
        recorder = self.recorder
        if recorder is None or self._asking:
            return
        self._asking = True
        self._jobs.run(recorder.status, self._show, lambda _error: self._show(None), owner=self)

    def _show(self, status: RecorderStatus | None) -> None:
        self._asking = False
        if self.recorder is None or status is None:
            return
        lost = status.frames_dropped + status.readings_dropped + status.video_dropped
        free = f" · {size(status.bytes_free)} free" if status.bytes_free else ""
        self._field.show_figures(
            f"{clock(status.seconds)} · {size(status.bytes_written)} · {lost} lost{free}",
            f"Recording into {self.recorder.folder}. Lost: frames, readings and pictures that the "
            "disk or the encoder had no time for; the reading on the screen is not touched by it.",
        )

    def _begun(self, recorder: Recorder) -> None:
        self._beginning = False
        self.recorder = recorder
        recorder.set_threshold(self._live.shown.threshold)
        recorder.set_baselines(self._taken)
        self._engine.attach(recorder)
        self._field.show_figures("0:00", f"Recording into {recorder.folder}")
        self._timer.start()
        self.changed.emit(True)

    def _not_begun(self, error: FerdeskError) -> None:
        self._beginning = False
        self.refused.emit(str(error))
        self.changed.emit(False)

    def _release(self) -> Recorder | None:
        recorder, self.recorder = self.recorder, None
        if recorder is None:
            return None
        self._engine.detach(recorder)
        self._timer.stop()
        self._field.show_figures("", "")
        self.changed.emit(False)
        return recorder

    def _closed(self, recorder: Recorder, done: bool) -> None:
        if not done:
            self.refused.emit(
                f"The session '{recorder.folder.name}' could not be closed in time; it will be "
                "recovered when it is opened."
            )
        elif not recorder.status().ended:
            self.told.emit(f"Session saved: {recorder.folder}")
        recents = remembered(self._store.value.recent_sessions, str(recorder.folder))
        self._store.update(recent_sessions=recents)
        self.saved.emit(recorder.folder)

    def _tell(self, sentence: str) -> None:
        """Heard on a thread of the recorder, perhaps after the window is gone."""
        try:
            self._ended.emit(sentence)
        except RuntimeError:
            log.debug("the window is gone: %s", sentence)

    def _ended_by_itself(self, sentence: str) -> None:
        self.refused.emit(sentence)
        if self.recorder is not None and not self.recorder.running:
            self.stop()

    def _set_threshold(self, threshold: float) -> None:
        if self.recorder is not None:
            self.recorder.set_threshold(threshold)


def _make(plan: RecordingPlan, source: str, detail: str, told: Callable[[str], None]) -> Recorder:
    """The session's folder and the threads that write it. Touches the disk. SessionError."""
    from ferdesk.session.folder import new_folder
    from ferdesk.session.recorder import Recorder
    from ferdesk.session.writer import SessionInfo

    info = SessionInfo(
        source, detail, participant=plan.participant, note=plan.note, landmarks=plan.landmarks,
        event_keys=plan.keys,
    )  # fmt: skip
    folder = new_folder(plan.folder, plan.participant)
    return Recorder(folder, info, video=plan.video, told=told)
