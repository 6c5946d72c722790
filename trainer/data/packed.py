"""The packed cache: aligned uint8 crops in one memory-mapped file, written once per data set.

    CACHE/<key>/crops.npy      (N, 112, 112, 3) uint8 RGB
    CACHE/<key>/index.json     names, splits, targets, which were aligned, what was left out

The key hashes the list of files, their sizes and targets, and the crop's geometry, so a changed
data set or crop never meets an old cache. The index is written last: without it the cache counts
as unfinished and packing starts again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.vision.crop import CROP_SIZE, TEMPLATE, align_face
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.types import FaceLandmarks
from trainer.data.examples import Example, Split

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

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
    """(N,) False where no face was found and the whole picture was scaled instead."""

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
        )


def read_picture(path: Path) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 RGB, or None when the file cannot be decoded."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise FerdeskError(f"The picture '{path}' cannot be read: {error.strerror}.") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    return None if image is None else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


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
    return FaceLandmarks(points.astype(np.float32), face.transform)


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


def _key(examples: Sequence[Example], align: bool) -> str:
    digest = hashlib.sha256(TEMPLATE.tobytes() + bytes([CROP_SIZE]))
    if not align:
        digest.update(b"whole")
    missing = []
    for example in examples:
        try:
            size = example.stamp if example.pixels else str(example.path.stat().st_size)
        except OSError:
            missing.append(example.path.name)
            continue
        digest.update(f"{example.name} {example.split} {size} {example.target}\n".encode())
    if missing:
        raise FerdeskError(
            f"{len(missing)} of {len(examples)} pictures are missing in "
            f"'{examples[0].path.parent}', for example {', '.join(missing[:3])}; complete the data "
            "set and try again."
        )
    return digest.hexdigest()[:16]


def pack(examples: Sequence[Example], cache: Path, progress: Progress, align: bool = True) -> Path:
    """Crop every example into the cache, unless that was done before; returns its folder.

    Pictures of the valid and test splits that are pixel-identical to a training picture are left
    out, so nothing is ever evaluated on what was trained on. Unreadable files are counted and
    named in the index and the log. `progress(done, total)` is called as the work goes on.
    """
    folder = cache / _key(examples, align)
    index_file = folder / "index.json"
    if index_file.is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[int] = []
    aligned: list[bool] = []
    unreadable: list[str] = []
    duplicates: list[str] = []
    training: set[bytes] = set()
    crops = np.lib.format.open_memmap(
        folder / "crops.npy", mode="w+", dtype=np.uint8,
        shape=(len(examples), CROP_SIZE, CROP_SIZE, 3),
    )  # fmt: skip
    splits = ("train", "valid", "test")
    order = sorted(range(len(examples)), key=lambda i: splits.index(examples[i].split))
    with Landmarker(mode="image") as landmarker:
        for done, i in enumerate(order):
            example = examples[i]
            image = example.pixels() if example.pixels else read_picture(example.path)
            if image is None:
                unreadable.append(example.name)
                continue
            pixels = hashlib.sha256(image.tobytes()).digest()
            if example.split == "train":
                training.add(pixels)
            elif pixels in training:
                duplicates.append(example.name)
                continue
            crops[len(rows)], found = crop_picture(image, landmarker if align else None)
            rows.append(i)
            aligned.append(found)
            progress(done + 1, len(examples))
    crops.flush()
    for name in unreadable:
        log.warning("unreadable picture left out: %s", name)
    index = {
        "names": [examples[i].name for i in rows],
        "splits": [examples[i].split for i in rows],
        "targets": [examples[i].target for i in rows],
        "aligned": aligned,
        "unreadable": unreadable,
        "duplicates_of_training": duplicates,
    }
    temporary = index_file.with_suffix(".part")
    temporary.write_text(json.dumps(index))
    temporary.replace(index_file)
    return folder


def load_split(folder: Path, split: Split) -> PackedSet:
    """One split of a packed cache, memory-mapped. FerdeskError when the split is empty."""
    index = json.loads((folder / "index.json").read_text())
    rows = np.array([i for i, s in enumerate(index["splits"]) if s == split], np.int64)
    if not len(rows):
        raise FerdeskError(f"The data set has no pictures in its '{split}' part.")
    crops = np.load(folder / "crops.npy", mmap_mode="r")
    first, last = int(rows[0]), int(rows[-1]) + 1
    if last - first != len(rows):
        raise FerdeskError(
            f"The cache '{folder}' is damaged; delete it and prepare the data again."
        )
    return PackedSet(
        crops=crops[first:last],
        targets=np.asarray([index["targets"][i] for i in rows], np.float32),
        names=tuple(index["names"][i] for i in rows),
        aligned=np.asarray([index["aligned"][i] for i in rows], bool),
    )
