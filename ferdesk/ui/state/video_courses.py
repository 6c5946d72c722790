"""The courses of all faces of a video that is being read, in any order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.ui.state.history import CONFIDENCES, History, values_of
from ferdesk.ui.state.played_history import PlayedHistory

if TYPE_CHECKING:
    from ferdesk.session.lanes import Lane
    from ferdesk.session.session import Session

_RELIABILITY = 7 + len(CONFIDENCES)


class _Course(PlayedHistory):
    """One face, a column per frame; NaN where it was not seen, or nothing was read yet."""

    def __init__(self, times: NDArray[np.float64]) -> None:
        super().__init__(times, np.full((_RELIABILITY + 1, len(times)), np.nan, np.float32))
        self.size = np.full(len(times), np.nan, np.float32)
        self.brightness = np.full(len(times), np.nan, np.float32)

    def put(self, index: int, values: NDArray[np.float32], size: float, brightness: float) -> None:
        self.size[index], self.brightness[index] = size, brightness
        self._rows[:, index] = values

    def lane(self, face: int, threshold: float) -> Lane:
        from ferdesk.session.lanes import Lane

        frames = np.flatnonzero(~np.isnan(self._rows[0]))
        rows = self._rows[:, frames].astype(np.float64)
        return Lane(
            face, frames, self._times[frames], rows[:7].argmax(axis=0).astype(np.int8),
            rows[_RELIABILITY], np.full(len(frames), threshold),
            self.size[frames].astype(np.float64), self.brightness[frames].astype(np.float64),
        )  # fmt: skip


class VideoCourses:
    """Written by the thread that reads, looked at by the window, as `PlayedHistories` is."""

    def __init__(self, times: NDArray[np.float64]) -> None:
        """`times` (N,) seconds of every frame, ascending."""
        self.times = times
        self.read: NDArray[np.bool_] = np.zeros(len(times), np.bool_)
        """Which frames were read, with or without a face."""
        self._by_id: dict[int, _Course] = {}
        self._now = 0.0

    @classmethod
    def of_session(cls, session: Session) -> VideoCourses:
        """What was kept. Slow: for a worker thread."""
        courses = cls(np.array([frame.time for frame in session.frames]))
        shown = ", ".join(f"probability_{name}" for name in EXPRESSIONS)
        rows = session.store.rows(
            f"SELECT frame, face, size, brightness, {shown}, {', '.join(CONFIDENCES)}, reliability"
            " FROM face"
        )
        for frame, face, size, brightness, *values in rows:
            courses._course(face).put(frame, np.array(values, np.float32), size, brightness)
        courses.read[[frame.id for frame in session.frames if frame.analysed]] = True
        return courses

    def put(self, index: int, faces: Iterable[FaceReading]) -> None:
        """This is what was read in that frame."""
        for face in faces:
            quality = face.quality
            self._course(face.face_id).put(
                index, values_of(face), quality.size, quality.brightness
            )  # fmt: skip
        self.read[index] = True

    def lanes(self, threshold: float) -> tuple[Lane, ...]:
        """A lane per face, the one seen most often first, at this operating point."""
        lanes = [course.lane(face, threshold) for face, course in list(self._by_id.items())]
        return tuple(sorted(lanes, key=lambda lane: (-len(lane.frames), lane.face)))

    def empty_lane(self) -> Lane:
        """That of nobody."""
        return _Course(self.times[:0]).lane(0, 0.0)

    def stretches(self) -> tuple[tuple[float, float], ...]:
        """(first, last) seconds of every stretch that was read."""
        edges = np.diff(self.read.astype(np.int8), prepend=0, append=0)
        begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
        return tuple(zip(self.times[begins].tolist(), self.times[ends].tolist(), strict=True))

    # What `Histories` is for the live window

    def add(self, reading: Reading, time: float | None = None) -> None:
        """This is the moment that is shown."""
        self._now = reading.frame.media_time if time is None else time
        for course in list(self._by_id.values()):
            course.now = self._now

    def of(self, face_id: int | None) -> History | None:
        """The history of that face."""
        return self._by_id.get(face_id) if face_id is not None else None

    def interrupt(self) -> None:
        """Gaps are where nothing was read."""

    def clear(self) -> None:
        """What was read stays."""

    def _course(self, face: int) -> _Course:
        course = self._by_id.get(face)
        if course is None:
            course = _Course(self.times)
            course.now = self._now
            self._by_id[face] = course
        return course
