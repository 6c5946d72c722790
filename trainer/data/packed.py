"""The packed cache: uint8 crops in one memory-mapped file, written once per data set.

    CACHE/<key>/crops.npy      (N, 112, 112, 3) uint8 RGB
    CACHE/<key>/index.json     names, splits, targets, which were aligned, what was left out
    CACHE/<key>/geometry.npy   landmarks and blendshapes, where they were looked for
    CACHE/<key>/poses.npy      (`trainer.data.geometry`)

The key hashes the list of files, their sizes and targets, and the crop's geometry, so a changed
data set or crop never meets an old cache. The index is written last: without it the cache counts
as unfinished. `trainer.data.packing` writes it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk import pictures
from ferdesk.errors import FerdeskError
from ferdesk.model.face_geometry import GEOMETRY_SIZE, no_geometry
from ferdesk.vision.crop import CROP_SIZE, align_face
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.types import FaceLandmarks
from trainer.data.examples import Split

log = logging.getLogger(__name__)

INDEX_FILE = "index.json"
CROPS_FILE = "crops.npy"
GEOMETRY_FILE = "geometry.npy"
POSES_FILE = "poses.npy"
POSE_COLUMNS = ("yaw", "pitch", "roll", "size")
"""Signed degrees, and pixels between the outer eye corners as in `FaceQuality.size`."""

_SEARCH_EDGE = 192
"""Small pictures are enlarged to about this edge before the landmarker sees them."""
_MARGIN = 0.25
_MARGIN_GREY = 128


@dataclass(frozen=True, slots=True, eq=False)
class PackedSet:
    """Pictures of one split, ready for training."""

    crops: NDArray[np.uint8]
    """(N, 112, 112, 3) uint8 RGB."""
    targets: NDArray[np.float32]
    """(N, 7) label distributions."""
    names: tuple[str, ...]
    aligned: NDArray[np.bool_]
    """(N,) False where the whole picture was scaled: no face was found, or none was looked for."""
    geometry: NDArray[np.float16] | None = None
    """(N, GEOMETRY_SIZE) `face_geometry`, zeros without a face; None: never looked for."""
    poses: NDArray[np.float32] | None = None
    """(N, 4) `POSE_COLUMNS`, NaN without a face."""

    def shapes(self, rows: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        """(B, GEOMETRY_SIZE) of some rows; faces without landmarks where none were looked for."""
        if self.geometry is None:
            return no_geometry(len(np.arange(len(self))[rows]))
        return np.asarray(self.geometry[rows], np.float32)

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) argmax of the targets."""
        return self.targets.argmax(axis=1)

    def __len__(self) -> int:
        return len(self.names)

    def take(self, rows: NDArray[np.int64]) -> PackedSet:
        """The given rows as a set of their own (copies the crops into memory)."""
        return PackedSet(
            self.crops[rows],
            self.targets[rows],
            tuple(self.names[i] for i in rows),
            self.aligned[rows],
            None if self.geometry is None else np.asarray(self.geometry[rows]),
            None if self.poses is None else np.asarray(self.poses[rows]),
        )

    def shrunk(self, edge: int) -> PackedSet:
        """The same pictures with crops of (N, edge, edge, 3) in memory, each the mean of what it
        covers."""
        crops = np.empty((len(self), edge, edge, 3), np.uint8)
        for small, crop in zip(crops, self.crops, strict=True):
            cv2.resize(crop, (edge, edge), dst=small, interpolation=cv2.INTER_AREA)
        return replace(self, crops=crops)


def data_digest(index: Mapping[str, Any]) -> str:
    """SHA-256 of the names, splits and targets in a packed cache's index, in hexadecimal digits."""
    digest = hashlib.sha256()
    rows = sorted(zip(index["names"], index["splits"], index["targets"], strict=True))
    for name, split, target in rows:
        digest.update(f"{name} {split} {target}\n".encode())
    return digest.hexdigest()


def read_picture(path: Path) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 RGB, or None when the file cannot be decoded or is far too large."""
    try:
        image = pictures.read_picture(path)
    except pictures.PictureError as error:
        log.info("%s", error)
        return None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def find_face(image: NDArray[np.uint8], landmarker: Landmarker) -> FaceLandmarks | None:
    """The largest face of a (H, W, 3) uint8 RGB picture, in its pixels; None without one.

    The picture is enlarged and set into a grey margin for the search only: faces that fill the
    whole picture are otherwise missed.
    """
    height, width = image.shape[:2]
    scale = max(1.0, _SEARCH_EDGE / max(height, width))
    search = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    margin = int(_MARGIN * _SEARCH_EDGE)
    search = cv2.copyMakeBorder(
        search, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(_MARGIN_GREY,) * 3
    )
    faces = landmarker.detect(np.asarray(search, np.uint8))
    if not faces:
        return None
    face = max(faces, key=lambda f: f.box[2] * f.box[3])
    points = (face.points - np.array((margin, margin, 0), np.float32)) / scale
    return replace(face, points=points.astype(np.float32))


def crop_picture(
    image: NDArray[np.uint8], landmarker: Landmarker | None
) -> tuple[NDArray[np.uint8], bool]:
    """The app's own aligned crop of the largest face, else the whole picture scaled to the crop.

    Without a landmarker the whole picture.
    """
    face = None if landmarker is None else find_face(image, landmarker)
    if face is None:
        whole = cv2.resize(image, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_LINEAR)
        return np.asarray(whole, np.uint8), False
    return align_face(image, face.points), True


@dataclass(frozen=True, slots=True)
class Index:
    """What a packed cache says about itself; the first four have one entry per crop, in order."""

    names: tuple[str, ...]
    splits: tuple[Split, ...]
    targets: tuple[tuple[float, ...], ...]
    aligned: tuple[bool, ...]
    unreadable: tuple[str, ...]
    duplicates_of_training: tuple[str, ...]
    """Pictures of valid and test that were left out."""
    duplicates_in_training: int | None
    """Training pictures that repeat another one; they stay. None in caches of older versions."""


def _damaged(folder: Path, what: str) -> FerdeskError:
    return FerdeskError(
        f"The cache '{folder}' is damaged ({what}); delete that folder and prepare the data again."
    )


def read_index(folder: Path) -> Index:
    """The index of a packed cache. FerdeskError when it is missing or damaged."""
    try:
        data = json.loads((folder / INDEX_FILE).read_bytes())
        index = Index(
            names=tuple(data["names"]),
            splits=tuple(data["splits"]),
            targets=tuple(tuple(t) for t in data["targets"]),
            aligned=tuple(data["aligned"]),
            unreadable=tuple(data["unreadable"]),
            duplicates_of_training=tuple(data["duplicates_of_training"]),
            duplicates_in_training=data.get("duplicates_in_training"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, f"{INDEX_FILE} cannot be read") from error
    if not len(index.names) == len(index.splits) == len(index.targets) == len(index.aligned):
        raise _damaged(folder, f"{INDEX_FILE} contradicts itself")
    return index


def _read_crops(folder: Path, count: int) -> NDArray[np.uint8]:
    """At least (count, 112, 112, 3) crops, memory-mapped."""
    try:
        crops = np.load(folder / CROPS_FILE, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(folder, f"{CROPS_FILE} is missing or cut short") from error
    if crops.dtype != np.uint8 or crops.shape[1:] != (CROP_SIZE, CROP_SIZE, 3):
        raise _damaged(folder, f"{CROPS_FILE} holds something else")
    if len(crops) < count:
        raise _damaged(folder, f"{CROPS_FILE} holds {len(crops)} of {count} pictures")
    return crops


def load_split(folder: Path, split: Split) -> PackedSet:
    """One split of a packed cache, memory-mapped.

    FerdeskError when the split is empty or the cache is damaged.
    """
    index = read_index(folder)
    rows = [i for i, s in enumerate(index.splits) if s == split]
    if not rows:
        raise FerdeskError(f"The data set has no pictures in its '{split}' part.")
    crops = _read_crops(folder, len(index.names))
    first, last = rows[0], rows[-1] + 1
    if last - first != len(rows):
        raise _damaged(folder, f"{INDEX_FILE} is out of order")
    return PackedSet(
        crops=crops[first:last],
        targets=np.asarray(index.targets[first:last], np.float32),
        names=index.names[first:last],
        aligned=np.asarray(index.aligned[first:last], bool),
        geometry=_read_beside(folder, GEOMETRY_FILE, GEOMETRY_SIZE, len(index.names), first, last),
        poses=_read_beside(folder, POSES_FILE, len(POSE_COLUMNS), len(index.names), first, last),
    )


def _read_beside(
    folder: Path, name: str, width: int, count: int, first: int, last: int
) -> NDArray[Any] | None:
    """Rows of what `trainer.data.geometry` added to the cache, memory-mapped; None without it."""
    if not (folder / name).is_file():
        return None
    try:
        values = np.load(folder / name, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(folder, f"{name} is cut short") from error
    if values.shape != (count, width):
        raise _damaged(folder, f"{name} belongs to other pictures or an older version")
    return np.asarray(values[first:last]) if width <= 4 else values[first:last]
