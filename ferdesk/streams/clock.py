"""The capture clock in the time of another clock of this computer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_TRIES: Final = 8
_EVERY_SECONDS: Final = 5.0


class ClockMap:
    """Maps `time.perf_counter()` to `clock`, measured again every five seconds.

    Both readings are of one moment as nearly as can be: of eight attempts the one in which the two
    readings of `perf_counter` round `clock` lie closest counts. Not thread-safe.
    """

    def __init__(
        self, clock: Callable[[], float], capture: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock = clock
        self._capture = capture
        self._measured = -float("inf")
        self._offset = 0.0

    def theirs(self, at: float) -> float:
        """Seconds of `clock` when the capture clock was `at`."""
        return at + self.offset()

    def ours(self, at: float) -> float:
        """Seconds of the capture clock when `clock` was `at`."""
        return at - self.offset()

    def offset(self) -> float:
        """`clock` minus the capture clock, in seconds."""
        now = self._capture()
        if abs(now - self._measured) >= _EVERY_SECONDS:
            self._measured, self._offset = now, self._measure()
        return self._offset

    def _measure(self) -> float:
        found = []
        for _ in range(_TRIES):
            before = self._capture()
            theirs = self._clock()
            after = self._capture()
            found.append((after - before, theirs - (before + after) / 2))
        return min(found)[1]
