"""The last minute of one face, ready to be plotted without a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.pipeline.types import FaceReading, Reading

CONFIDENCES: Final = ("c_p", "c_g", "c_a", "c_t")
_RELIABILITY: Final = 7 + len(CONFIDENCES)
_COLUMNS: Final = _RELIABILITY + 1


def values_of(face: FaceReading) -> NDArray[np.float32]:
    """(12,) what a history keeps of a reading: probabilities, confidences, reliability."""
    values = np.empty(_COLUMNS, np.float32)
    values[:7] = face.probabilities
    values[7:_RELIABILITY] = [float(getattr(face.purified, name)) for name in CONFIDENCES]
    values[_RELIABILITY] = np.nan if face.reliability is None else face.reliability
    return values


class History:
    """A ring in which every sample is stored twice, so that any window is one contiguous slice."""

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._times = np.zeros(2 * capacity, np.float64)
        self._rows = np.full((_COLUMNS, 2 * capacity), np.nan, np.float32)
        self._count = 0

    def add(self, time: float, face: FaceReading) -> None:
        """One reading of the face at `time` (seconds of perf_counter)."""
        self._append(time, values_of(face))

    def gap(self, time: float) -> None:
        """The face was not seen: curves are interrupted here. Several in a row count as one."""
        if self._count and not np.isnan(self._rows[0, (self._count - 1) % self._capacity]):
            self._append(time, np.full(_COLUMNS, np.nan, np.float32))

    @property
    def last_time(self) -> float:
        """When something was added last; -inf when nothing was."""
        if not self._count:
            return float("-inf")
        return float(self._times[(self._count - 1) % self._capacity])

    def window(
        self, since: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
        """Times (N,), probabilities (7, N) and confidences (4, N) after `since`; NaN is a gap."""
        part = self._since(since)
        rows = self._rows[:, part]
        return self._times[part], rows[:7], rows[7:_RELIABILITY]

    def reliability(self, since: float) -> NDArray[np.float32]:
        """(N,) for the same readings as `window`; NaN in gaps and where it is not known."""
        return self._rows[_RELIABILITY, self._since(since)]

    def _since(self, since: float) -> slice:
        size = min(self._count, self._capacity)
        stop = (self._count - size) % self._capacity + size
        start = stop - size
        start += int(np.searchsorted(self._times[start:stop], since))
        return slice(start, stop)

    def _append(self, time: float, values: NDArray[np.float32]) -> None:
        at = self._count % self._capacity
        for place in (at, at + self._capacity):
            self._times[place] = time
            self._rows[:, place] = values
        self._count += 1


class Histories:
    """One history per face id; faces that have not been seen for a while are forgotten."""

    def __init__(self, keep_seconds: float = 60.0) -> None:
        self._keep = keep_seconds
        self._by_id: dict[int, History] = {}
        self._file: Path | None = None
        self._last = float("-inf")
        self._interrupted = False

    def add(self, reading: Reading, time: float | None = None) -> None:
        """Every face of the reading, and a gap for those that are not in it.

        `time` in seconds, of the clock (default: when it was captured) or of the file. Frames of
        another file share no curve with those before.
        """
        now = reading.frame.captured_at if time is None else time
        if reading.frame.file != self._file or now < self._last:
            self._by_id.clear()
        elif self._interrupted:
            for history in self._by_id.values():
                history.gap(now)
        self._file, self._last, self._interrupted = reading.frame.file, now, False
        seen = set()
        for face in reading.faces:
            seen.add(face.face_id)
            history = self._by_id.setdefault(face.face_id, History())
            history.add(now, face)
        for face_id, history in list(self._by_id.items()):
            if face_id in seen:
                continue
            history.gap(now)
            if now - history.last_time > self._keep:
                del self._by_id[face_id]

    def of(self, face_id: int | None) -> History | None:
        """The history of that face."""
        return self._by_id.get(face_id) if face_id is not None else None

    def interrupt(self) -> None:
        """The next reading does not follow on the last one: curves have a gap between them."""
        self._interrupted = True

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._last, self._interrupted = float("-inf"), False
