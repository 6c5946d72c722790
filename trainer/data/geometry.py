"""The landmarks of packed pictures: found once, kept beside the crops, used by training and checks.

    CACHE/<key>/geometry.npy   (N, GEOMETRY_SIZE) float16, `face_geometry`; zeros without a face
    CACHE/<key>/poses.npy      (N, 4) float32, `POSE_COLUMNS`; NaN without a face

Both are added to a finished cache, so that caches of earlier versions are completed and not packed
anew. Landmarks are looked for in pictures that were scaled whole, too; that moves no crop. Those
that come with a picture (`Example.landmarks`) are taken as they are.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.face_geometry import GEOMETRY_SIZE, face_geometry
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.quality import head_pose, measure
from ferdesk.vision.types import FaceLandmarks
from trainer.data.examples import Example
from trainer.data.landmarks import read_landmarks
from trainer.data.packed import CROPS_FILE, GEOMETRY_FILE, POSES_FILE, find_face, read_index
from trainer.data.packing import picture_of
from trainer.data.unfinished import claimed

log = logging.getLogger(__name__)

_BLOCK = 2048
"""Pictures between two writes."""


def complete(
    folder: Path, examples: Sequence[Example], progress: Callable[[int, int], None]
) -> None:
    """Find the landmarks of every picture of a packed cache, unless that was done before.

    A stopped search goes on where it stopped; two processes take turns. Raises FerdeskError when
    the disk is full or a picture has gone.
    """

    def finished() -> bool:
        return (folder / GEOMETRY_FILE).is_file()

    if finished():
        return
    part = folder.with_name(f"{folder.name}.geometry")
    with claimed(part):
        if not finished():
            _search(folder, part, {e.name: e for e in examples}, progress)
            # The geometry last: it stands for both.
            (part / POSES_FILE).replace(folder / POSES_FILE)
            (part / GEOMETRY_FILE).replace(folder / GEOMETRY_FILE)
        shutil.rmtree(part, ignore_errors=True)


def _search(
    folder: Path,
    part: Path,
    examples: dict[str, Example],
    progress: Callable[[int, int], None],
) -> None:
    names = read_index(folder).names
    crops = np.load(folder / CROPS_FILE, mmap_mode="r")
    geometry, poses, done = _taken_up(part, len(names))
    with Landmarker(mode="image") as landmarker:
        for i in range(done, len(names)):
            image = picture_of(examples[names[i]])
            face = None if image is None else _face_of(examples[names[i]], image, landmarker)
            if image is not None and face is not None:
                geometry[i] = face_geometry(face.points, face.blendshapes)
                pose = head_pose(face.transform)
                edge = (image.shape[0], image.shape[1])
                size = measure(face.points, pose, np.asarray(crops[i]), edge).size
                poses[i] = pose.yaw, pose.pitch, pose.roll, size
            if (i + 1) % _BLOCK == 0 or i + 1 == len(names):
                _keep(part, geometry, poses, i + 1)
            progress(i + 1, len(names))


def _face_of(
    example: Example, image: NDArray[np.uint8], landmarker: Landmarker
) -> FaceLandmarks | None:
    if example.landmarks is not None:
        return read_landmarks(example.landmarks)
    return find_face(image, landmarker)


def _taken_up(part: Path, n: int) -> tuple[NDArray[np.float16], NDArray[np.float32], int]:
    """What an interrupted search left, and how far it came; else the start."""
    try:
        done = int((part / "done.txt").read_text())
        geometry, poses = np.load(part / GEOMETRY_FILE), np.load(part / POSES_FILE)
        if len(geometry) == len(poses) == n >= done:
            log.info("going on with the landmarks after %d of %d pictures", done, n)
            return geometry, poses, done
    except (OSError, ValueError, EOFError):
        pass
    return np.zeros((n, GEOMETRY_SIZE), np.float16), np.full((n, 4), np.nan, np.float32), 0


def _keep(part: Path, geometry: NDArray[np.float16], poses: NDArray[np.float32], done: int) -> None:
    try:
        np.save(part / POSES_FILE, poses)
        np.save(part / GEOMETRY_FILE, geometry)
        (part / "done.txt").write_text(str(done))
    except OSError as error:
        raise FerdeskError(
            f"The landmarks cannot be kept in '{part}' ({error.strerror}); make room or give "
            "another --cache, then the same command goes on where it was stopped."
        ) from error
