"""Whether a frame that had to wait is still worth reading."""

from __future__ import annotations

from typing import Final

_NEARLY: Final = (0.8, 1.2)
"""Analysis over the time between two frames: from where on it does not catch up by itself, up to
where the camera is nearly kept up with."""
_OLD: Final = 0.4
"""Share of the time between two frames after which a frame is old."""
_MEMORY: Final = 0.1
"""Of the newest analysis in the running mean."""


class Pace:
    """Keeps the frames of a live source fresh.

    An analysis that takes a little longer than the camera needs for a frame falls behind by that
    little each time, until it is late by a whole frame and one is skipped. Skipping it early, while
    the next one is about to come, costs at most one reading in four and halves the waiting. Where
    the analysis takes much longer, the newest frame is always the best one; where it is faster,
    it soon has caught up, and no frame is lost.
    """

    def __init__(self) -> None:
        self._took: float | None = None

    def fresh(self, age: float, interval: float | None) -> bool:
        """Whether to read a frame taken `age` seconds ago, where another one comes every `interval`
        seconds; None: nobody knows, or nothing hurries."""
        if self._took is None or interval is None:
            return True
        least, most = _NEARLY
        return not least <= self._took / interval <= most or age <= _OLD * interval

    def took(self, seconds: float) -> None:
        """An analysis took so long."""
        before = seconds if self._took is None else self._took
        self._took = before + _MEMORY * (seconds - before)
