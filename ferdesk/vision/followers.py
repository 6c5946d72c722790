"""The faces of a video, each followed from where it was in the frame before.

MediaPipe's detector finds a face; as long as it stays, MediaPipe's landmark and blendshape models
go on with it on OpenVINO, in two thirds of the time that the whole of MediaPipe takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.detector import Detection, Detector
from ferdesk.vision.face_models import FaceModels, Running
from ferdesk.vision.head_transform import head_transforms
from ferdesk.vision.lanes import assigned
from ferdesk.vision.regions import SIDES, is_expected, region, same_face, size_of
from ferdesk.vision.square import Square
from ferdesk.vision.steadying import Steadying
from ferdesk.vision.task import contiguous
from ferdesk.vision.types import Box, FaceLandmarks, SeenFace, box_of


class Follower:
    """Where one face was, and how it moves."""

    def __init__(self) -> None:
        self.box: Box | None = None
        """Where the face was last; None while this follower has none."""
        self.square: Square | None = None
        """Where to look for it next; None without a face."""
        self._steadying: Steadying | None = None

    def forget(self) -> None:
        """The face is lost."""
        self.box = self.square = self._steadying = None

    def move(self, points: NDArray[np.float64], time: float) -> NDArray[np.float64]:
        """Landmarks (478, 3) of a frame at `time` in seconds -> the same without jitter."""
        self.square = Square.of(points)
        if self._steadying is None:
            self._steadying = Steadying(points, time)
        else:
            points = self._steadying.update(points, time)
        self.box = box_of(points)
        return points


class FollowedFace:
    """A `SeenFace` whose blendshapes are being computed."""

    def __init__(
        self, points: NDArray[np.float64], transform: NDArray[np.float32], scores: Running
    ) -> None:
        self.points = points.astype(np.float32)
        self.box = box_of(self.points)
        self._transform, self._scores = transform, scores

    def complete(self) -> FaceLandmarks:
        """See `SeenFace`."""
        (scores,) = self._scores.end()
        return FaceLandmarks(self.points, self._transform, scores)


class Followers:
    """As many followers as there are faces. Belongs to one thread."""

    engine = "OpenVINO"

    def __init__(self, most: int, folder: Path | None = None) -> None:
        """Of `most` faces; compiled models are kept in `folder`.

        FerdeskError when MediaPipe's detector cannot be started, RuntimeError or OSError where
        OpenVINO fails.
        """
        self._most = most
        self._models = FaceModels(folder)
        self._detector = Detector()
        self._followers: list[Follower] = []
        self._time = 0.0

    def takes(self, _boxes: Sequence[Box], _longer_side: int) -> bool:
        """See `Reads`."""
        return True

    def look(self, rgb: NDArray[np.uint8], timestamp_ms: int) -> Sequence[SeenFace]:
        """See `Reads`."""
        rgb = self._begin(rgb, timestamp_ms)
        found = sorted(self._detector.detect(rgb), key=_size)[-self._most :]
        followers = self._of([seen.box for seen in found])
        for follower in followers:
            follower.forget()
        squares = [Square.of_detection(seen) for seen in found]
        every = zip(followers, self._models.landmarks(rgb, squares), strict=True)
        return _described([self._seen(f, p) for f, p in every if p is not None], rgb)

    def read(
        self, rgb: NDArray[np.uint8], boxes: Sequence[Box], timestamp_ms: int
    ) -> Sequence[SeenFace]:
        """See `Reads`. A face stays with its follower."""
        rgb = self._begin(rgb, timestamp_ms)
        followers = self._of(boxes)
        squares = {
            i: follower.square
            for i, (follower, box) in enumerate(zip(followers, boxes, strict=True))
            if follower.square and follower.box and same_face(follower.box, box)
        }
        seen: dict[int, _Seen] = {}
        # Blendshapes of one face are computed beside the landmarks of the next.
        found = self._models.landmarks(rgb, list(squares.values()))
        for i, points in zip(squares, found, strict=True):
            if points is not None and is_expected(points, boxes[i], rgb):
                seen[i] = self._seen(followers[i], points)
        for i in sorted(set(range(len(boxes))) - set(seen)):
            followers[i].forget()
            points = self._found_again(rgb, boxes[i])
            if points is not None:
                seen[i] = self._seen(followers[i], points)
        return _described([seen[i] for i in sorted(seen)], rgb)

    def _seen(self, follower: Follower, points: NDArray[np.float64]) -> _Seen:
        points = follower.move(points, self._time)
        return points, self._models.begin_blendshapes(points)

    def _begin(self, rgb: NDArray[np.uint8], timestamp_ms: int) -> NDArray[np.uint8]:
        self._models.drop()
        # Time that does not grow is raised, as MediaPipe's landmarker has it.
        self._time = max(timestamp_ms / 1000, self._time + 0.001)
        return contiguous(rgb)

    def _of(self, boxes: Sequence[Box]) -> list[Follower]:
        self._followers += [Follower() for _ in range(len(boxes) - len(self._followers))]
        return assigned(self._followers, boxes)

    def _found_again(self, rgb: NDArray[np.uint8], box: Box) -> NDArray[np.float64] | None:
        """Landmarks (478, 3) of the face expected in `box`, looked for around it."""
        for sides in SIDES:
            place = region(rgb, box, sides)
            if not place.readable:
                return None
            found = self._detector.detect(place.of(rgb))
            if not found:
                return None
            best = max(found, key=_score).moved(place.left, place.top)
            (points,) = self._models.landmarks(rgb, [Square.of_detection(best)])
            if points is not None and is_expected(points, box, rgb):
                return points
        return None

    def forget(self) -> None:
        """See `Reads`."""
        for follower in self._followers:
            follower.forget()
        self._time = 0.0

    def close(self) -> None:
        """See `Reads`."""
        self._models.drop()
        self._detector.close()


_Seen = tuple[NDArray[np.float64], Running]
"""Landmarks (478, 3) in pixels of the picture, and the blendshapes that are computed of them."""


def _described(faces: Sequence[_Seen], rgb: NDArray[np.uint8]) -> list[FollowedFace]:
    if not faces:
        return []
    transforms = head_transforms(np.stack([points for points, _ in faces]), *rgb.shape[:2])
    return [
        FollowedFace(points, transform, scores)
        for (points, scores), transform in zip(faces, transforms, strict=True)
    ]


def _size(found: Detection) -> float:
    return size_of(found.box)


def _score(found: Detection) -> float:
    return found.score
