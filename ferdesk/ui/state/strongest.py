"""Which face movements are shown as bars, and in which place: the strongest, without jitter."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.blendshapes import MOVEMENT_GROUPS

_SECONDS: Final = 0.7
"""Time constant over which a movement's strength is averaged: a blink is no reason to change."""
_CLEARLY: Final = 0.08
"""By how much a movement must be stronger than a shown one to take its place."""
_CHANGE_EVERY: Final = 0.8
"""Seconds between two changes: one row at a time, slowly enough to be followed."""
_NEW_SCENE: Final = 1.0
"""Seconds without a reading, or any step back in time, after which everything is chosen anew."""
_MEMBERS: Final = [list(group.members) for group in MOVEMENT_GROUPS]


class StrongestMovements:
    """Each movement keeps its place until another one is clearly stronger and takes it over."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._strength: NDArray[np.float64] | None = None
        self._face: int | None = None
        self._time = self._changed = 0.0

    def update(self, time: float, face: int, scores: NDArray[np.float32], count: int) -> list[int]:
        """Positions in `MOVEMENT_GROUPS` for `count` places, from the first to the last.

        `time` in seconds; `scores` (52,): a movement is as strong as its stronger side, whatever
        the sign. Another face, or a jump in time, chooses all places anew, the strongest first.
        """
        now = np.array([np.abs(scores[members]).max() for members in _MEMBERS], np.float64)
        waited = time - self._time
        self._time = time
        strength = self._strength
        if strength is None or face != self._face or not 0 <= waited <= _NEW_SCENE:
            self._face, self._strength, self._changed = face, now, time
            self._places = np.argsort(-now, kind="stable")[:count].tolist()
            return self._places
        strength += (1 - math.exp(-waited / _SECONDS)) * (now - strength)
        self._fit(strength, count)
        if time - self._changed >= _CHANGE_EVERY:
            self._change_one(strength, time)
        return self._places

    def forget(self) -> None:
        """Choose all places anew with the next reading."""
        self._strength = None

    def _fit(self, strength: NDArray[np.float64], count: int) -> None:
        del self._places[count:]
        for group in np.argsort(-strength, kind="stable").tolist():
            if len(self._places) >= count:
                break
            if group not in self._places:
                self._places.append(group)

    def _change_one(self, strength: NDArray[np.float64], time: float) -> None:
        others = [group for group in range(len(strength)) if group not in self._places]
        if not others or not self._places:
            return
        rising = max(others, key=lambda group: float(strength[group]))
        place = min(range(len(self._places)), key=lambda i: float(strength[self._places[i]]))
        if strength[rising] > strength[self._places[place]] + _CLEARLY:
            self._places[place] = rising
            self._changed = time
