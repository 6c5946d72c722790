"""Probabilities smoothed over time, a face at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_FORGET_AFTER = 1.0
"""Seconds without a face after which its history counts for nothing."""


class Smoother:
    """First-order low-pass with a time constant: after `seconds`, 63 % of a step has arrived."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._last: dict[int, tuple[float, NDArray[np.float32]]] = {}

    def update(
        self, face_id: int, time: float, probabilities: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The smoothed (7,) probabilities of this face at `time` seconds; they still sum to 1."""
        last = self._last.get(face_id)
        smoothed = probabilities
        if last is not None and self.seconds > 0 and 0 <= time - last[0] < _FORGET_AFTER:
            share = 1.0 - math.exp(-(time - last[0]) / self.seconds)
            smoothed = (last[1] + share * (probabilities - last[1])).astype(np.float32)
        self._last[face_id] = (time, smoothed)
        if len(self._last) > 64:
            self._last = {k: v for k, v in self._last.items() if time - v[0] < _FORGET_AFTER}
        return smoothed

    def reset(self) -> None:
        """Forget every face."""
        self._last.clear()
