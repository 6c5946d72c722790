"""Faces too small for one look at the whole picture, found in overlapping parts of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.detector import Detector
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.regions import read_region, region, same_face, size_of
from ferdesk.vision.types import Box, FaceLandmarks

MOST_FOUND: Final = 40
"""Faces after which a search ends: a crowd is counted no further."""

_DIVISIONS: Final = (2, 4, 8)
"""Tiles along the longer side. The last ones are looked at only where the ones before them showed
new faces."""
_ALWAYS: Final = 2
"""So many divisions are searched whatever is found: faces from 3 % of the longer side on."""
_OVERLAP: Final = 0.5
"""Of neighbouring tiles, so that every face that is small in a tile lies whole in one."""
_SMALLEST_TILE: Final = 160
"""Pixels; below it a face that just fills an eighth of the tile could not be read anyway."""
_VIEWS: Final = (1.6, 2.2, 3.0)
"""Sides, in face sizes, of the regions in which a place is looked at again."""
_SURE: Final = 0.8
"""The mean of the detector's two best scores there from which it is a face. Places in pictures
without faces had 0.76 at most; nearly all small faces have more than 0.87, half covered ones 0.8.
"""
_SURE_VIEWS: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found beside the faces that were known."""

    faces: tuple[FaceLandmarks, ...]
    """Each once, none of them known before."""
    unreadable: int
    """Further places that surely are faces, but too small for landmarks."""


class FaceSearch:
    """Looks for faces with a detector and a landmarker of its own; use it from one thread.

    A place counts as a face only if the detector finds it again, and surely, in its own enlarged
    region; it is read if the landmarker then finds a mesh of about that size inside the picture.
    """

    def __init__(self) -> None:
        """FerdeskError when the detector cannot be started."""
        self._detector = Detector()
        self._landmarker: Landmarker | None = None
        self._stopped = threading.Event()

    def search(
        self, rgb: NDArray[np.uint8], known: Sequence[Box] = (), *, tiles: bool = True
    ) -> Found:
        """All faces of an (H, W, 3) uint8 RGB picture that are not at `known` boxes.

        Raises FerdeskError when the landmarker cannot be started.

        The whole picture is searched and, with `tiles`, its parts: halves and quarters of the
        longer side, then eighths if the quarters held something new.
        """
        self._stopped.clear()
        faces: list[FaceLandmarks] = []
        unreadable: list[Box] = []
        taken: list[Box] = list(known)

        def look(left: int, top: int, side: int) -> bool:
            part = rgb[top : top + side, left : left + side]
            new = False
            if self._stopped.is_set():
                return new
            for seen in self._detector.detect(part):
                place = seen.moved(left, top)
                if len(faces) >= MOST_FOUND or _cut(place.box, left, top, side, rgb.shape):
                    continue
                if any(same_face(place.box, box) or _within(place.box, box) for box in taken):
                    continue
                again = self._again(rgb, place.box)
                if again is None:
                    continue
                face = self._read(rgb, again)
                box = again if face is None else face.box
                if any(same_face(box, other) for other in taken):
                    continue
                taken.append(box)
                new = True
                if face is None:
                    unreadable.append(box)
                else:
                    faces.append(face)
            return new

        height, width = rgb.shape[:2]
        look(0, 0, max(height, width))
        for level, division in enumerate(_DIVISIONS if tiles else ()):
            side = math.ceil(max(height, width) / division)
            if side < _SMALLEST_TILE:
                break
            # A list: every tile is looked at, whatever the ones before it showed.
            news = [look(x, y, side) for x, y in _corners(height, width, side, taken)]
            if level + 1 >= _ALWAYS and not any(news):
                break
        return Found(tuple(faces), len(unreadable))

    def _again(self, rgb: NDArray[np.uint8], box: Box) -> Box | None:
        """The place as seen when it fills its own picture; None if it is no face there."""
        again = []
        for sides in _VIEWS:
            view = region(rgb, box, sides)
            part = view.of(rgb)
            for seen in self._detector.detect(part) if part.size else ():
                place = seen.moved(view.left, view.top)
                if same_face(place.box, box):
                    again.append((place.score, place.box))
        best = sorted(again, reverse=True)[:_SURE_VIEWS]
        if len(best) < _SURE_VIEWS or sum(score for score, _ in best) < _SURE * _SURE_VIEWS:
            return None
        return best[0][1]

    def _read(self, rgb: NDArray[np.uint8], box: Box) -> FaceLandmarks | None:
        # 40 MB that most videos never need.
        if self._landmarker is None:
            self._landmarker = Landmarker(mode="image", max_faces=1)
        return read_region(self._landmarker, rgb, box)

    def stop(self) -> None:
        """End the search that runs, from any thread, with what it has."""
        self._stopped.set()

    def close(self) -> None:
        """Free both models. Further calls do nothing."""
        self._detector.close()
        if self._landmarker is not None:
            self._landmarker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _corners(height: int, width: int, side: int, taken: Sequence[Box]) -> Iterator[tuple[int, int]]:
    """Left and top of every tile, but of those that lie within a face."""
    for y in _starts(height, side):
        for x in _starts(width, side):
            if not any(
                left <= x and top <= y and x + side <= left + wide and y + side <= top + high
                for left, top, wide, high in taken
            ):
                yield x, y


def _starts(length: int, side: int) -> list[int]:
    """Evenly spread, the first at 0 and the last at the end."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * (1 - _OVERLAP))) + 1
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _within(box: Box, face: Box) -> bool:
    """Whether a box is a part of a face: an eye and a mouth look like a small face sometimes."""
    return (
        face[0] <= box[0] + box[2] / 2 <= face[0] + face[2]
        and face[1] <= box[1] + box[3] / 2 <= face[1] + face[3]
        and size_of(box) < 0.5 * size_of(face)
    )


def _cut(box: Box, left: int, top: int, side: int, shape: tuple[int, ...]) -> bool:
    """Whether the tile cuts the face where the picture goes on: the next tile has it whole."""
    height, width = shape[:2]
    x, y, across, down = box
    slack = 0.1 * across
    return (
        (left > 0 and x < left - slack)
        or (top > 0 and y < top - slack)
        or (left + side < width and x + across > left + side + slack)
        or (top + side < height and y + down > top + side + slack)
    )
