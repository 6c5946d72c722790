"""Several faces of a video read side by side by MediaPipe, each in its own part of the picture.

For computers without OpenVINO; see `followers`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.regions import SIDES, Region, expected, region, same_face, size_of
from ferdesk.vision.types import Box, FaceLandmarks, SeenFace

_MOST_THREADS: Final = 4
_LARGE: Final = 0.15
"""Share of the longer side from which a face is surely found in the whole picture."""
_EMPTY: Final = np.zeros((64, 64, 3), np.uint8)


class Lane:
    """Follows one face in a region that stays where it is as long as the face lies well inside.

    MediaPipe looks for a face only until it has one, and then follows it, which is a third cheaper
    and steadier. It follows by its place in the region, so a region that moved is begun anew.
    """

    def __init__(self) -> None:
        """Load a landmarker of its own (40 MB). FerdeskError when it cannot be started."""
        self._landmarker = Landmarker(mode="video", max_faces=1)
        self._region: Region | None = None
        self._follows = False
        """Whether MediaPipe has a face, this one or a neighbour."""
        self.box: Box | None = None
        """Where the face was last; None while this lane follows none."""

    def read(self, rgb: NDArray[np.uint8], box: Box, timestamp_ms: int) -> FaceLandmarks | None:
        """The face expected in `box` of an (H, W, 3) uint8 RGB picture; None if it is not there."""
        face = None
        if self.box is not None and self._region is not None and self._region.holds(box, rgb):
            face = self._detect(rgb, self._region, box, timestamp_ms)
        if face is None:
            face = self._look_anew(rgb, box, timestamp_ms)
        self.box = None if face is None else face.box
        return face

    def _look_anew(
        self, rgb: NDArray[np.uint8], box: Box, timestamp_ms: int
    ) -> FaceLandmarks | None:
        for sides in SIDES:
            if self._follows:
                # An empty picture has no face where that one was: MediaPipe lets go of it.
                self._landmarker.detect(_EMPTY, timestamp_ms)
                self._follows = False
            self._region = region(rgb, box, sides)
            if not self._region.readable:
                return None
            face = self._detect(rgb, self._region, box, timestamp_ms)
            if face is not None or not self._follows:
                return face
        return None

    def _detect(
        self, rgb: NDArray[np.uint8], place: Region, box: Box, timestamp_ms: int
    ) -> FaceLandmarks | None:
        found = self._landmarker.detect(place.of(rgb), timestamp_ms)
        self._follows = bool(found)
        return expected(found, place, box, rgb)

    def close(self) -> None:
        """Free the landmarker."""
        self._landmarker.close()


class Lanes:
    """As many lanes as faces are followed, which as many threads as there are cores share.

    MediaPipe reads the faces of one picture one after the other, on one core. A large face alone
    stays with one landmarker of the whole picture.
    """

    engine = "MediaPipe"

    def __init__(self, most: int, *, wait: bool) -> None:
        """Of `most` faces. `wait` for what loads; otherwise `takes` says no until it is there.

        FerdeskError when MediaPipe cannot be started.
        """
        count = max(1, min(_MOST_THREADS, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="face")
        self._lanes: list[Future[Lane]] = []
        self._most, self._wait = most, wait
        self._whole = Landmarker(mode="video", max_faces=most)

    def takes(self, boxes: Sequence[Box], longer_side: int) -> bool:
        """See `Reads`. FerdeskError where a landmarker could not be loaded."""
        if len(boxes) == 1 and size_of(boxes[0]) >= _LARGE * longer_side:
            return False
        missing = len(boxes) - len(self._lanes)
        self._lanes += [self._pool.submit(Lane) for _ in range(missing)]
        if not self._wait and not all(lane.done() for lane in self._lanes):
            return False
        for lane in self._lanes:
            lane.result()
        return True

    def look(self, rgb: NDArray[np.uint8], timestamp_ms: int) -> Sequence[SeenFace]:
        """See `Reads`."""
        return self._whole.detect(rgb, timestamp_ms)

    def read(
        self, rgb: NDArray[np.uint8], boxes: Sequence[Box], timestamp_ms: int
    ) -> Sequence[SeenFace]:
        """See `Reads`. A face stays in its lane."""
        lanes = assigned([lane.result() for lane in self._lanes], boxes)
        seen = self._pool.map(lambda lane, box: lane.read(rgb, box, timestamp_ms), lanes, boxes)
        return [face for face in seen if face is not None]

    def forget(self) -> None:
        """See `Reads`."""
        for lane in self._lanes:
            lane.result().box = None
        self._whole.close()
        self._whole = Landmarker(mode="video", max_faces=self._most)

    def close(self) -> None:
        """See `Reads`. Waits until the landmarkers are loaded."""
        self._whole.close()
        self._pool.shutdown()
        for lane in self._lanes:
            if lane.exception() is None:
                lane.result().close()


class _HasBox(Protocol):
    box: Box | None


FollowerT = TypeVar("FollowerT", bound=_HasBox)


def assigned(followers: Sequence[FollowerT], boxes: Sequence[Box]) -> list[FollowerT]:
    """For every box one of the followers, which are no fewer: the one whose face was there."""
    free = list(followers)
    chosen: dict[int, FollowerT] = {}
    for i, box in enumerate(boxes):
        for follower in free:
            if follower.box is not None and same_face(follower.box, box):
                chosen[i] = follower
                free.remove(follower)
                break
    # Those that follow nobody first, so that a face that is hidden for a frame keeps its follower.
    free.sort(key=lambda follower: follower.box is not None)
    for i in range(len(boxes)):
        if i not in chosen:
            chosen[i] = free.pop(0)
    return [chosen[i] for i in range(len(boxes))]
