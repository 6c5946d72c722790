"""Everything that the window showed since the source began, in bounded memory."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.pipeline.types import FaceReading
from ferdesk.ui.state.history import CONFIDENCES, values_of
from ferdesk.ui.state.shown import Shown

_ROWS: Final = 7 + len(CONFIDENCES) + 1
_CAPACITY: Final = 6000
"""Columns: some 400 kB."""
_FRESH: Final = 2000
"""The newest readings are kept as they are: more than a minute."""
_SHORT_GAP: Final = 1 / 1000
"""Gaps shorter than this share of the whole are closed when old readings are thinned."""


class Course:
    """Old readings are thinned evenly: of every stretch each curve keeps its lowest and its highest
    value, so no peak is lost however long it runs."""

    def __init__(self, capacity: int = _CAPACITY, fresh: int = _FRESH) -> None:
        self._capacity, self._fresh = capacity, fresh
        self._times = np.zeros(capacity)
        self._rows = np.full((_ROWS, capacity), np.nan, np.float32)
        self._widths = np.ones(capacity, np.int64)
        """How many readings a column stands for."""
        self._count = 0

    def add(self, time: float, face: FaceReading | None) -> None:
        """What was shown at `time`, ascending; None interrupts the curves."""
        if face is None:
            if not self._count or np.isnan(self._rows[0, self._count - 1]):
                return
            values = np.full(_ROWS, np.nan, np.float32)
        else:
            values = values_of(face)
        if self._count == self._capacity:
            self._thin()
        self._times[self._count] = time
        self._rows[:, self._count] = values
        self._widths[self._count] = 1
        self._count += 1

    def note(self, shown: Shown, time: float, before: Shown) -> None:
        """What the window shows now; another file begins anew, another face interrupts."""
        reading, last = shown.reading, before.reading
        if reading is None or reading.frame.still:
            return
        newest = self._times[self._count - 1] if self._count else time
        if time < newest or (last is not None and last.frame.file != reading.frame.file):
            self.clear()
        elif shown.selected != before.selected:
            self.add(time, None)
        self.add(time, shown.face)

    def interrupt(self) -> None:
        """What comes next does not follow on what was."""
        if self._count:
            self.add(float(self._times[self._count - 1]), None)

    def clear(self) -> None:
        """Another source begins."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def first_time(self) -> float | None:
        """When it begins; None before anything was shown."""
        return float(self._times[0]) if self._count else None

    def window(
        self, first: float, last: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
        """Times (N,), probabilities (7, N) and reliability (N,) between two times, with one column
        more at either end; NaN is a gap. Valid until the next `add`."""
        times = self._times[: self._count]
        begin = max(0, int(np.searchsorted(times, first)) - 1)
        part = slice(begin, int(np.searchsorted(times, last, "right")) + 1)
        rows = self._rows[:, : self._count][:, part]
        return times[part], rows[:7], rows[-1]

    def nearest(self, time: float) -> float | None:
        """The time of the column with a face that is nearest to `time`; None when there is none."""
        times = self._times[: self._count]
        seen = np.flatnonzero(~np.isnan(self._rows[0, : self._count]))
        return float(times[seen[np.abs(times[seen] - time).argmin()]]) if len(seen) else None

    def _thin(self) -> None:
        """Halve the most detailed old stretches until a quarter of the room is free."""
        while self._count > 0.75 * self._capacity:
            old = max(self._count - self._fresh, self._count // 2)
            finest = self._widths[:old] == self._widths[:old].min()
            begin = int(np.flatnonzero(finest)[0])
            before = self._count
            self._halve(begin, old)
            if self._count == before:
                self._close_gaps(old)
            if self._count == before:
                self._drop(before // 4)

    def _halve(self, begin: int, end: int) -> None:
        """The columns `begin` to `end`, four by four: the extremes of each curve are left."""
        gaps = np.flatnonzero(np.isnan(self._rows[0, begin:end])) + begin
        kept: list[int] = []
        edges = [begin - 1, *gaps.tolist(), end]
        for left, right in itertools.pairwise(edges):
            for start in range(left + 1, right, 4):
                stop = min(start + 4, right)
                kept.append(start)
                if stop - start > 1:
                    self._merge(start, stop)
                    kept.append(start + 1)
            if right < end:
                kept.append(right)
        self._keep([*range(begin), *kept, *range(end, self._count)])
        self._widths[begin : begin + len(kept)] *= 2

    def _merge(self, start: int, stop: int) -> None:
        """Put the extremes of these columns, in their order, into the first two."""
        part = self._rows[:, start:stop]
        low, high = part.argmin(axis=1), part.argmax(axis=1)
        each = np.arange(_ROWS)
        # A reliability that is not known is NaN and stays so; argmin finds it first.
        first, second = np.minimum(low, high), np.maximum(low, high)
        pair = np.stack((part[each, first], part[each, second]), axis=1)
        self._rows[:, start : start + 2] = pair
        self._times[start + 1] = self._times[stop - 1]

    def _close_gaps(self, end: int) -> None:
        """Interruptions that are too short to be seen in the whole go."""
        times = self._times
        shortest = (times[self._count - 1] - times[0]) * _SHORT_GAP
        gaps = np.flatnonzero(np.isnan(self._rows[0, 1 : end - 1])) + 1
        short = {int(i) for i in gaps if times[i + 1] - times[i - 1] < shortest}
        self._keep([i for i in range(self._count) if i not in short])

    def _drop(self, columns: int) -> None:
        """Nothing but gaps that matter: the oldest go."""
        self._keep(list(range(columns, self._count)))

    def _keep(self, columns: list[int]) -> None:
        count = len(columns)
        self._times[:count] = self._times[columns]
        self._rows[:, :count] = self._rows[:, columns]
        self._widths[:count] = self._widths[columns]
        self._count = count
