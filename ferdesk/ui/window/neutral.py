"""Taking a face's neutral baseline, live and in review; what came of it is beside the readings."""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ferdesk.durations import clock
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.baseline import SECONDS, Baseline, Taken
from ferdesk.pipeline.types import EngineState, FaceReading, Reading
from ferdesk.ui.actions import COMMANDS, Actions
from ferdesk.ui.review.editing import Editing
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.window.live import LiveView
from ferdesk.ui.window.panels import Panels

_TICK_MS: Final = 100
_PATIENCE: Final = 1.0
"""Seconds after the five in which the last reading may still come."""
NOTHING_READ: Final = "Nothing is being read: open a camera or a video, then take the baseline."
NO_FACE: Final = "There is no face in view whose baseline could be taken."
THE_PAST: Final = "This is a moment of the past: go back to now (Esc), then take the baseline."
STILL: Final = "A picture has no five seconds; a baseline is taken from a camera or a video."
COUNTED_ANEW: Final = "The baseline is off: faces are counted anew."
OTHER_CHECKPOINT: Final = "The baseline is off: it was taken with another checkpoint."
NO_BASELINE: Final = "This face has no baseline"


class Neutral(QObject):
    """At most one face at a time is asked to be neutral; every face may have a baseline."""

    told = Signal(str)
    refused = Signal(str)
    taken_changed = Signal(object)
    """The live baselines that hold, as `tuple[Taken, ...]`."""

    def __init__(
        self,
        engine: EnginePort,
        live: LiveView,
        panels: Panels,
        editing: Editing,
        commands: Actions,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._live = live
        self._panels = panels
        self._editing = editing
        self._commands = commands
        self._taken: dict[int, Taken] = {}
        self._face: int | None = None
        self._stretch: list[tuple[FaceReading, ...]] = []
        self._since = self._until = self._begun = 0.0
        self._notice = ""
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        live.read.connect(self._read)
        live.forgotten.connect(lambda: self.drop(COUNTED_ANEW))
        live.written_out.connect(lambda _shown: self.show_state())
        editing.changed.connect(self.show_state)
        commands["neutral"].triggered.connect(lambda _on=False: self.toggle())
        commands["neutral_off"].triggered.connect(lambda _on=False: self.remove())
        panels.distribution.add_action(commands["neutral"])
        panels.movements.add_actions(commands["neutral"], commands["neutral_off"])
        self.show_state()

    @property
    def collecting(self) -> bool:
        """Whether a face is being neutral right now."""
        return self._face is not None

    @property
    def taken(self) -> tuple[Taken, ...]:
        """The live baselines that hold."""
        return tuple(self._taken.values())

    def toggle(self) -> None:
        """Begin the five seconds, or break them off; in review take them from the recording."""
        if self._live.reviewing:
            self._editing.set_baseline(self._live.shown.selected)
        elif not self.cancel():
            self._begin()

    def cancel(self) -> bool:
        """Break off; False when there was nothing to break off."""
        if not self.collecting:
            return False
        self._end()
        return True

    def remove(self) -> None:
        """Take the baseline of the selected face back."""
        if self._live.reviewing:
            self._editing.remove_baseline(self._live.shown.selected)
        elif self._taken.pop(self._live.shown.selected or 0, None) is not None:
            self._apply()
            self.told.emit("The baseline was removed.")

    def drop(self, why: str) -> None:
        """No live baseline holds any more."""
        self._end()
        if self._taken:
            self._taken.clear()
            self._apply()
            if not self._live.reviewing:
                self.told.emit(why)

    def show_state(self) -> None:
        """Say on the panels and in the menu what holds for the selected face."""
        since = self._holds_since()
        for panel in (self._panels.distribution, self._panels.movements):
            panel.set_baseline(since)
        command = self._commands["neutral"]
        if self.collecting:
            text, short = "Cancel the neutral baseline", f"Cancel ({self._left()} s)"
        else:
            text, short = COMMANDS["neutral"].text, "Renew" if since else "Neutral 5 s"
        if command.iconText() != short:
            command.setText(text)
            command.setIconText(short)
        if self._commands["neutral_off"].isEnabled() != bool(since):
            self._commands.set_enabled("neutral_off", bool(since), NO_BASELINE)

    def _holds_since(self) -> str:
        """Time of day, or of the session under review; "" without a baseline."""
        selected = self._live.shown.selected
        if selected is None:
            return ""
        if self._live.reviewing:
            known = self._editing.baseline_of(selected)
            return "" if known is None else clock(known.onset)
        one = self._taken.get(selected)
        if one is None:
            return ""
        ago = timedelta(seconds=time.perf_counter() - one.until)
        return (datetime.now().astimezone() - ago).strftime("%H:%M:%S")

    def _begin(self) -> None:
        shown = self._live.shown
        running = self._engine.state is EngineState.RUNNING and not self._live.ended
        if shown.reading is None or not running:
            self.refused.emit(NOTHING_READ)
        elif self._live.in_the_past:
            self.refused.emit(THE_PAST)
        elif self._engine.paused:
            self.refused.emit("The reading is paused; go on (Space), then take the baseline.")
        elif shown.reading.frame.still:
            self.refused.emit(STILL)
        elif shown.face is None:
            self.refused.emit(NO_FACE)
        else:
            self._face = shown.face.face_id
            self._stretch = []
            self._begun = time.perf_counter()
            self._notice = self._panels.video.notice
            self._timer.start()
            self._tick()

    def _read(self, reading: Reading) -> None:
        if not self.collecting or reading.frame.captured_at < self._begun:
            return
        if not self._stretch:
            self._since = reading.frame.captured_at
        self._until = reading.frame.captured_at
        self._stretch.append(reading.faces)
        if self._until - self._begun >= SECONDS:
            self._finish()

    def _left(self) -> int:
        """Whole seconds to go, 1 at the least."""
        return max(1, math.ceil(SECONDS - (time.perf_counter() - self._begun)))

    def _tick(self) -> None:
        if time.perf_counter() - self._begun > SECONDS + _PATIENCE:
            self._finish()
            return
        several = len(self._live.shown.faces) > 1
        who = f"Face {self._face}: look neutral" if several else "Look neutral"
        self._panels.video.set_notice(f"{who} and at the camera: {self._left()} s · Esc cancels")
        self.show_state()

    def _finish(self) -> None:
        face, stretch = self._face, self._stretch
        self._end()
        if face is None:
            return
        try:
            baseline = Baseline.of(face, stretch)
        except FerdeskError as error:
            self.refused.emit(str(error))
            return
        self._taken[face] = Taken(face, self._since, self._until, baseline)
        self._apply()
        self.told.emit(
            f"Baseline taken from {baseline.readings} readings: the change from it is shown beside "
            "each reading. Shift+N removes it."
        )

    def _end(self) -> None:
        if self.collecting:
            self._face, self._stretch = None, []
            self._timer.stop()
            self._panels.video.set_notice(self._notice)
            self.show_state()

    def _apply(self) -> None:
        self._engine.set_baselines({face: one.baseline for face, one in self._taken.items()})
        self.taken_changed.emit(self.taken)
        self.show_state()
