"""The landmarks of one face, read in its own part of the picture, and which boxes mean one face.

MediaPipe shrinks whatever it is given to 128×128 pixels to look for faces, so a face that is small
in the picture is found only in a part of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.types import Box, FaceLandmarks, SeenFace, box_of

LEAST_WIDTH: Final = 24.0
"""Pixels between the edges of a face that can be read: below it, the mesh is mostly invented."""

SIDES: Final = (2.2, 1.5)
"""Side of the region in face sizes; the tighter one where a neighbour was found instead."""
_ROOM: Final = 1.2
"""Of a region that goes on being used, at least round the face, in face sizes."""
_LOOSEST: Final = 3.2
"""And at most: a face that is small in its region is looked for in a smaller one."""
_SAME_OVERLAP: Final = 0.3
_SAME_DISTANCE: Final = 0.4
"""Two boxes are one face from this intersection over union on, or with centres closer than this
share of the smaller one's size."""
_LEAST_INSIDE: Final = 0.6
"""Share of the mesh that lies in the picture."""
_LARGEST_CHANGE: Final = 2.0
"""How many times larger or smaller a face may be than the box it was expected in."""


def size_of(box: Box) -> float:
    """Geometric mean of width and height, in pixels; at least 1."""
    return math.sqrt(max(box[2] * box[3], 1.0))


def same_face(first: Box, second: Box) -> bool:
    """Whether two boxes (x, y, width, height) can only be one face."""
    left, top = max(first[0], second[0]), max(first[1], second[1])
    right = min(first[0] + first[2], second[0] + second[2])
    bottom = min(first[1] + first[3], second[1] + second[3])
    common = max(0.0, right - left) * max(0.0, bottom - top)
    union = first[2] * first[3] + second[2] * second[3] - common
    if union > 0 and common / union >= _SAME_OVERLAP:
        return True
    apart = math.hypot(
        first[0] + first[2] / 2 - second[0] - second[2] / 2,
        first[1] + first[3] / 2 - second[1] - second[3] / 2,
    )
    return apart < _SAME_DISTANCE * min(size_of(first), size_of(second))


def without_copies(faces: Sequence[SeenFace]) -> list[SeenFace]:
    """Each face once, the first of its finds."""
    kept: list[SeenFace] = []
    for face in faces:
        if not any(same_face(face.box, other.box) for other in kept):
            kept.append(face)
    return kept


def _plausible(points: NDArray[np.floating], height: int, width: int) -> bool:
    """Whether these may be a face of a (height, width) picture: large enough and inside it."""
    x, y = points[:, 0], points[:, 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    _, _, across, down = box_of(points)
    return (
        float(inside.mean()) >= _LEAST_INSIDE
        and max(across, down) >= LEAST_WIDTH
        and 0.4 <= across / max(down, 1e-6) <= 2.5
    )


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of a picture, in whole pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """That part of an (H, W, 3) picture, as a view."""
        return rgb[self.top : self.top + self.height, self.left : self.left + self.width]

    @property
    def readable(self) -> bool:
        """Whether a face in it could be large enough."""
        return min(self.width, self.height) >= LEAST_WIDTH

    def holds(self, box: Box, rgb: NDArray[np.uint8]) -> bool:
        """Whether a face lies well inside and is not small in it, so that it may move on in it."""
        size = size_of(box)
        if max(self.width, self.height) > _LOOSEST * size:
            return False
        height, width = rgb.shape[:2]
        x, y, half = box[0] + box[2] / 2, box[1] + box[3] / 2, _ROOM * size / 2
        return (
            max(x - half, 0) >= self.left
            and max(y - half, 0) >= self.top
            and min(x + half, width) <= self.left + self.width
            and min(y + half, height) <= self.top + self.height
        )


def region(rgb: NDArray[np.uint8], box: Box, sides: float) -> Region:
    """The square round a box, `sides` times as large, as far as it lies in the picture."""
    height, width = rgb.shape[:2]
    x, y, half = box[0] + box[2] / 2, box[1] + box[3] / 2, sides * size_of(box) / 2
    left, right = (min(max(round(edge), 0), width) for edge in (x - half, x + half))
    top, bottom = (min(max(round(edge), 0), height) for edge in (y - half, y + half))
    return Region(left, top, right - left, bottom - top)


def expected(
    found: Sequence[FaceLandmarks], place: Region, box: Box, rgb: NDArray[np.uint8]
) -> FaceLandmarks | None:
    """The first face found in `place` in pixels of the picture `rgb`, if it is the one of `box`.

    Its transform is that of a camera that looks at the region: the rotation is right, the
    translation is not that of the whole picture.
    """
    if not found:
        return None
    shift = np.array((place.left, place.top, 0), np.float32)
    face = replace(found[0], points=found[0].points + shift)
    return face if is_expected(face.points, box, rgb) else None


def is_expected(points: NDArray[np.floating], box: Box, rgb: NDArray[np.uint8]) -> bool:
    """Whether landmarks (478, 3) in pixels of the picture `rgb` can be the face of `box`."""
    seen = box_of(points)
    change = size_of(seen) / size_of(box)
    return (
        same_face(seen, box)
        and 1 / _LARGEST_CHANGE <= change <= _LARGEST_CHANGE
        and _plausible(points, *rgb.shape[:2])
    )


def read_region(landmarker: Landmarker, rgb: NDArray[np.uint8], box: Box) -> FaceLandmarks | None:
    """The face expected in `box`, in pixels of the (H, W, 3) uint8 RGB picture; None without one.

    `landmarker` finds one face at a time, in mode "image". For its transform see `expected`.
    """
    for sides in SIDES:
        place = region(rgb, box, sides)
        if not place.readable:
            return None
        found = landmarker.detect(place.of(rgb))
        if not found:
            return None
        face = expected(found, place, box, rgb)
        if face is not None:
            return face
    return None
