"""Landmarks without their jitter, as MediaPipe steadies those of a single face."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.types import box_of

_LEAST_CUTOFF: Final = 0.05
_BETA: Final = 80.0
_SPEED_CUTOFF: Final = 1.0
"""Hz; what `ConfigureLandmarksSmoothingCalculator` in MediaPipe's face landmarker sets."""


class Steadying:
    """The 1€ filter of every coordinate, with speeds in face sizes per second.

    Casiez, Roussel and Vogel, "1€ Filter", CHI 2012. A landmark at rest is averaged over seconds,
    one that moves hardly lags.
    """

    def __init__(self, points: NDArray[np.float64], time: float) -> None:
        """Begin with landmarks (N, 3) in pixels, seen at `time` in seconds."""
        self._time = time
        self._raw = self._steady = points
        self._speed = np.zeros_like(points)

    def update(self, points: NDArray[np.float64], time: float) -> NDArray[np.float64]:
        """(N, 3) landmarks in pixels -> the same without jitter.

        Time that does not grow leaves them as they are.
        """
        gap = time - self._time
        _, _, width, height = box_of(points)
        size = (width + height) / 2
        if gap <= 0 or size <= 0:
            return points
        self._time = time
        self._speed += _share(_SPEED_CUTOFF, gap) * (
            (points - self._raw) / (size * gap) - self._speed
        )
        share = _share(_LEAST_CUTOFF + _BETA * np.abs(self._speed), gap)
        self._steady = self._steady + share * (points - self._steady)
        self._raw = points
        return self._steady


def _share(cutoff: float | NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Of the new value in the average, for a low pass of `cutoff` Hz after `gap` seconds."""
    turns = np.asarray(2 * math.pi * gap * cutoff)
    return np.asarray(turns / (1 + turns))
