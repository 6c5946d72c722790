"""Which face is which: ids that stay with a face from frame to frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ferdesk.vision.types import Box

MEMORY_SECONDS: Final = 1.0
"""A face that was away for longer comes back as a new one."""

_GATE: Final = 1.5
"""The dearest match, in face sizes: further than this is another face."""
_STOPPED_PENALTY: Final = 0.25
"""What it costs, in face sizes, to believe that a face stayed where it was last seen."""
_VELOCITY_SECONDS: Final = 0.15
"""Time constant of the velocity estimate; longer is calmer, shorter follows turns."""


@dataclass(slots=True)
class _Track:
    face_id: int
    x: float
    y: float
    size: float
    seen: float
    vx: float = 0.0
    vy: float = 0.0

    def cost(self, x: float, y: float, size: float, time: float) -> float:
        """How badly a face at x, y fits: distance in face sizes plus the change of size."""
        gap = time - self.seen
        ahead = math.hypot(x - self.x - self.vx * gap, y - self.y - self.vy * gap)
        still = math.hypot(x - self.x, y - self.y)
        scale = math.sqrt(self.size * size)
        distance = min(ahead / scale, still / scale + _STOPPED_PENALTY)
        return distance + abs(math.log(size / self.size))

    def move(self, x: float, y: float, size: float, time: float) -> None:
        gap = time - self.seen
        if gap > 0:
            share = 1 - math.exp(-gap / _VELOCITY_SECONDS)
            self.vx += share * ((x - self.x) / gap - self.vx)
            self.vy += share * ((y - self.y) / gap - self.vy)
        self.x, self.y, self.size, self.seen = x, y, size, time


class FaceTracker:
    """Gives every face an id, counted from 1, that survives crossing and short absence.

    Each known face is expected where its velocity takes it; boxes are assigned to faces so that
    the sum of distances and changes of size is least. Not thread-safe.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._next_id = 1
        self._time = -math.inf

    def reset(self) -> None:
        """Forget every face; ids start at 1 again."""
        self._tracks = []
        self._next_id = 1
        self._time = -math.inf

    def forget(self) -> None:
        """Forget every face; the next ones get new ids."""
        self._tracks = []
        self._time = -math.inf

    def update(self, boxes: Sequence[Box], time: float) -> tuple[int, ...]:
        """Ids of `boxes` (x, y, width, height in pixels) in their order; `time` in seconds.

        Time should not run backwards; where it does, faces are taken to have just been seen.
        """
        if time < self._time:
            for track in self._tracks:
                track.seen = time
                track.vx = track.vy = 0.0
        self._time = time
        # The slack lets a face return after exactly the promised time despite rounding.
        self._tracks = [t for t in self._tracks if time - t.seen <= MEMORY_SECONDS + 1e-6]

        faces = [
            (x + width / 2, y + height / 2, math.sqrt(max(width * height, 1.0)))
            for x, y, width, height in boxes
        ]
        known = list(self._tracks)
        ids = []
        for face, column in zip(faces, self._assign(faces, known, time), strict=True):
            if column is None:
                track = _Track(self._next_id, *face, seen=time)
                self._next_id += 1
                self._tracks.append(track)
            else:
                track = known[column]
                track.move(*face, time=time)
            ids.append(track.face_id)
        return tuple(ids)

    @staticmethod
    def _assign(
        faces: list[tuple[float, float, float]], tracks: list[_Track], time: float
    ) -> list[int | None]:
        """For every face the position of its track, or None for a new face."""
        if not faces:
            return []
        # Each face may also stay without a track at the price of the gate, so that a far
        # match is never forced on a face that has just come in.
        rows = [
            [min(track.cost(*face, time=time), 2 * _GATE) for track in tracks]
            + [_GATE] * len(faces)
            for face in faces
        ]
        return [c if c < len(tracks) and rows[r][c] < _GATE else None for r, c in _cheapest(rows)]


def _cheapest(cost: list[list[float]]) -> list[tuple[int, int]]:
    """(row, column) of the assignment with the least sum, for rows <= columns.

    The Hungarian method with potentials, O(rows² · columns).
    """
    count, width = len(cost), len(cost[0])
    row_potential = [0.0] * (count + 1)
    column_potential = [0.0] * (width + 1)
    row_of = [0] * (width + 1)  # 1-based row matched to a column; 0 = none
    for row in range(1, count + 1):
        row_of[0] = row
        column = 0
        reach = [math.inf] * (width + 1)
        came_from = [0] * (width + 1)
        used = [False] * (width + 1)
        while row_of[column] != 0:
            used[column] = True
            current, step, best = row_of[column], math.inf, 0
            for j in range(1, width + 1):
                if used[j]:
                    continue
                reduced = cost[current - 1][j - 1] - row_potential[current] - column_potential[j]
                if reduced < reach[j]:
                    reach[j], came_from[j] = reduced, column
                if reach[j] < step:
                    step, best = reach[j], j
            for j in range(width + 1):
                if used[j]:
                    row_potential[row_of[j]] += step
                    column_potential[j] -= step
                else:
                    reach[j] -= step
            column = best
        while column != 0:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    return sorted((row_of[j] - 1, j - 1) for j in range(1, width + 1) if row_of[j])
