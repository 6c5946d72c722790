"""Stretches of a session: of one label, or chosen by a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to `end` in seconds of the session; `face` None is every face."""

    start: float
    end: float
    face: int | None = None

    @classmethod
    def between(cls, a: float, b: float, face: int | None = None) -> Stretch:
        """In whichever order."""
        return cls(min(a, b), max(a, b), face)

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


def same_label(
    times: NDArray[np.float64], answers: NDArray[np.int64], at: float, longest_step: float
) -> tuple[float, float] | None:
    """(first, last) time of the run of equal (N,) answers round `at`; None where nothing was read.

    A step longer than `longest_step` ends a run, too.
    """
    index = int(np.searchsorted(times, at + 1e-6, "right")) - 1
    if index < 0 or at - times[index] > longest_step:
        return None
    breaks = (np.diff(answers) != 0) | (np.diff(times) > longest_step)
    before = np.flatnonzero(breaks[:index])
    after = np.flatnonzero(breaks[index:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = index + int(after[0]) if len(after) else len(times) - 1
    return float(times[first]), float(times[last])
