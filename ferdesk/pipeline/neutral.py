"""A neutral baseline from five seconds of a source, without a window."""

from __future__ import annotations

from collections.abc import Callable

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.baseline import SECONDS, Baseline, Taken
from ferdesk.pipeline.types import EngineEvent, FaceReading, Reading
from ferdesk.sources.base import Frame


class NeutralStretch:
    """A `Sink` that takes the baseline of one face `begin` seconds after the first reading.

    The face is the largest one when its five seconds begin.
    """

    def __init__(
        self, begin: float, taken: Callable[[Taken], object], failed: Callable[[str], object]
    ) -> None:
        """One of the two is called, on the thread of the readings."""
        self._begin = begin
        self._tell_taken, self._tell_failed = taken, failed
        self._start: float | None = None
        self._face: int | None = None
        self._since = self._until = 0.0
        self._stretch: list[tuple[FaceReading, ...]] = []
        self._done = False

    def frame(self, frame: Frame) -> None:
        """Of no use here."""

    def event(self, event: EngineEvent) -> None:
        """Of no use here."""

    def reading(self, reading: Reading) -> None:
        """Collect it, if it is of the stretch."""
        at = reading.frame.captured_at
        if self._start is None:
            self._start = at
        if self._done or at - self._start < self._begin:
            return
        if self._face is None and reading.faces:
            self._face = reading.faces[0].face_id
        if not self._stretch:
            self._since = at
        self._until = at
        self._stretch.append(reading.faces)
        if at - self._start >= self._begin + SECONDS:
            self._finish()

    def _finish(self) -> None:
        self._done = True
        try:
            baseline = Baseline.of(self._face or 0, self._stretch)
        except FerdeskError as error:
            self._tell_failed(str(error))
            return
        finally:
            self._stretch = []
        self._tell_taken(Taken(self._face or 0, self._since, self._until, baseline))
