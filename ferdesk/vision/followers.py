"""Several faces of a video followed side by side, each from where it was in the frame before.

MediaPipe finds a face; as long as it stays, its own landmark and blendshape models go on with it on
OpenVINO, at half of what the whole of MediaPipe takes for a face that it follows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.head_transform import head_transforms
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.lanes import Lanes, assigned
from ferdesk.vision.regions import is_expected, read_region, same_face
from ferdesk.vision.square import Square
from ferdesk.vision.steadying import Steadying
from ferdesk.vision.task import contiguous
from ferdesk.vision.types import Box, FaceLandmarks, box_of

if TYPE_CHECKING:
    from ferdesk.vision.face_models import FaceModels

log = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class _Loaded:
    models: FaceModels
    landmarker: Landmarker
    """Finds the faces that `models` follow."""


class Followers:
    """As many followers as there are faces. Belongs to one thread.

    Where OpenVINO is missing or fails, `Lanes` do the same with MediaPipe alone.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="face-models")
        self._loading: Future[_Loaded | None] = self._pool.submit(_load)
        self._followers: list[Follower] = []
        self._lanes: Lanes | None = None
        self._time = 0.0

    def ready(self, faces: int, *, wait: bool) -> bool:
        """Whether so many can be followed; what they need is loaded on a thread of its own.

        Raises FerdeskError where MediaPipe cannot be started.
        """
        if not wait and not self._loading.done():
            return False
        if self._loading.result() is None:
            if self._lanes is None:
                self._lanes = Lanes()
            return self._lanes.ready(faces, wait=wait)
        return True

    def read(
        self, rgb: NDArray[np.uint8], boxes: Sequence[Box], timestamp_ms: int
    ) -> list[FaceLandmarks | None]:
        """For every box of the (H, W, 3) uint8 RGB picture the face expected there, if it is.

        A face stays with its follower. `ready` must have said yes to so many boxes.
        """
        loaded = self._loading.result()
        if loaded is None:
            assert self._lanes is not None
            return self._lanes.read(rgb, boxes, timestamp_ms)
        rgb = contiguous(rgb)
        # Time that does not grow is raised, as MediaPipe's landmarker has it.
        self._time = max(timestamp_ms / 1000, self._time + 0.001)
        self._followers += [Follower() for _ in range(len(boxes) - len(self._followers))]
        followers = assigned(self._followers, boxes)
        models = loaded.models
        models.drop()
        seen: dict[int, NDArray[np.float64]] = {}
        for i, points in self._followed(models, rgb, followers, boxes):
            seen[i] = points
            models.begin_blendshapes(points)
        for i, (follower, box) in enumerate(zip(followers, boxes, strict=True)):
            if i not in seen:
                follower.forget()
                face = read_region(loaded.landmarker, rgb, box)
                if face is not None:
                    seen[i] = follower.move(face.points.astype(np.float64), self._time)
                    models.begin_blendshapes(seen[i])
        faces: list[FaceLandmarks | None] = [None] * len(boxes)
        for i, face in zip(seen, described(models, list(seen.values()), rgb), strict=True):
            faces[i] = face
        return faces

    def _followed(
        self,
        models: FaceModels,
        rgb: NDArray[np.uint8],
        followers: Sequence[Follower],
        boxes: Sequence[Box],
    ) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Number of the box and landmarks (478, 3), where the face is followed already and still
        there."""
        squares = {
            i: follower.square
            for i, (follower, box) in enumerate(zip(followers, boxes, strict=True))
            if follower.square and follower.box and same_face(follower.box, box)
        }
        found = models.landmarks(rgb, list(squares.values()))
        for i, points in zip(squares, found, strict=True):
            if points is not None and is_expected(points, boxes[i], rgb):
                yield i, followers[i].move(points, self._time)

    def forget(self) -> None:
        """Another scene follows."""
        for follower in self._followers:
            follower.forget()
        self._time = 0.0

    def close(self) -> None:
        """Free the models, once they are loaded."""
        self._pool.shutdown()
        if self._lanes is not None:
            self._lanes.close()
        elif self._loading.exception() is None and (loaded := self._loading.result()):
            loaded.landmarker.close()


def described(
    models: FaceModels, points: Sequence[NDArray[np.float64]], rgb: NDArray[np.uint8]
) -> list[FaceLandmarks]:
    """The faces with these landmarks (478, 3) in pixels of the picture `rgb`, whose blendshapes
    were begun in this order."""
    if not points:
        return []
    transforms = head_transforms(np.stack(points), *rgb.shape[:2])
    return [
        FaceLandmarks(mesh.astype(np.float32), transform, models.end_blendshapes())
        for mesh, transform in zip(points, transforms, strict=True)
    ]


def _load() -> _Loaded | None:
    """None where OpenVINO is missing or fails. FerdeskError as of `Landmarker`."""
    try:
        from ferdesk.vision.face_models import FaceModels

        models = FaceModels()
    except (ImportError, RuntimeError, OSError) as error:
        log.warning("faces are followed by MediaPipe alone: %s", error)
        return None
    return _Loaded(models, Landmarker(mode="image", max_faces=1))
