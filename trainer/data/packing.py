"""Packing: every example decoded, cropped and written into the cache, once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import write_text
from ferdesk.vision.crop import CROP_SIZE, TEMPLATE
from ferdesk.vision.landmarker import Landmarker
from trainer.data.examples import SPLITS, Example
from trainer.data.landmarks import read_landmarks
from trainer.data.packed import INDEX_FILE, crop_picture, read_picture
from trainer.data.unfinished import Outcome, Unfinished, claimed

log = logging.getLogger(__name__)

Reports = Callable[[int, int], None]
"""Called with how many of how many pictures are done."""

_NAMED = 10
"""Unreadable pictures that the log names; the index names all."""


def picture_of(example: Example) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 RGB, or None when it cannot be decoded."""
    return example.pixels() if example.pixels else read_picture(example.path)


def missing_pictures(examples: Sequence[Example]) -> list[Example]:
    """Those whose file is not there."""
    return [e for e in examples if not e.pixels and not e.path.is_file()]


def refuse_missing(missing: Sequence[Example], total: int) -> None:
    """FerdeskError when `missing`, some of `total` pictures, is not empty."""
    if not missing:
        return
    first = missing[0].path
    if len(missing) == 1:
        raise FerdeskError(
            f"The picture '{first}' is missing; complete the data set and try again."
        )
    raise FerdeskError(
        f"{len(missing):,} of {total:,} pictures are missing in '{first.parent}', the first are "
        f"{', '.join(e.path.name for e in missing[:3])}; complete the data set and try again."
    )


def cache_key(examples: Sequence[Example], align: bool) -> str:
    """Sixteen hexadecimal digits that change with the pictures, their targets and the crop.

    Original labels are no part of it: they change nothing that is packed. FerdeskError when
    pictures or landmarks are missing.
    """
    refuse_missing(missing_pictures(examples), len(examples))
    digest = hashlib.sha256(TEMPLATE.tobytes() + bytes([CROP_SIZE]))
    if not align:
        digest.update(b"whole")
    for example in examples:
        size = example.stamp if example.pixels else str(example.path.stat().st_size)
        digest.update(f"{example.name} {example.split} {size} {example.target}\n".encode())
        if example.landmarks is not None:
            face = read_landmarks(example.landmarks)
            digest.update(face.points.tobytes() + face.blendshapes.tobytes())
    return digest.hexdigest()[:16]


def pack(examples: Sequence[Example], cache: Path, progress: Reports, align: bool = True) -> Path:
    """Crop every example into the cache, unless that was done before; returns its folder.

    Pictures of the valid and test splits that are pixel-identical to a training picture are left
    out, so nothing is ever evaluated on what was trained on. Unreadable ones are counted and
    named in the index and the log. `progress(done, total)` is called as the work goes on.

    A stopped packing goes on where it stopped; two processes take turns. Raises FerdeskError for
    missing pictures, a full or forbidden disk, and a data set without one readable picture.
    """
    key = cache_key(examples, align)
    folder, part = cache / key, cache / f"{key}.part"

    def finished() -> bool:
        return (folder / INDEX_FILE).is_file()

    if finished():
        return folder
    if folder.is_dir():
        log.info("an unfinished cache was found in '%s': packing starts again", folder)
    with claimed(part):
        if not finished():
            _fill(examples, folder, part, progress, align)
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _fill(
    examples: Sequence[Example], folder: Path, part: Path, progress: Reports, align: bool
) -> None:
    order = sorted(examples, key=lambda e: SPLITS.index(e.split))
    work = Unfinished(part, len(order))
    training = {
        done.digest
        for example, done in zip(order, work.done, strict=False)
        if example.split == "train"
    }
    with Landmarker(mode="image") if align else contextlib.nullcontext() as landmarker:
        for position in range(len(work.done), len(order)):
            work.add(*_cropped(order[position], training, landmarker))
            progress(position + 1, len(order))
    if not any(done.has_crop for done in work.done):
        raise FerdeskError(
            f"None of the {len(order):,} pictures can be read, the first is "
            f"'{order[0].path}'; are they whole?"
        )
    work.publish(folder)
    write_text(folder / INDEX_FILE, json.dumps(_index(order, work)))


def _cropped(
    example: Example, training: set[str], landmarker: Landmarker | None
) -> tuple[Outcome, str, NDArray[np.uint8] | None]:
    image = picture_of(example)
    if image is None:
        return "unreadable", "-", None
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    if example.split == "train":
        training.add(digest)
    elif digest in training:
        return "duplicate", digest, None
    crop, found = crop_picture(image, landmarker if example.landmarks is None else None)
    found = found or example.landmarks is not None
    return "aligned" if found else "whole", digest, crop


def _index(order: Sequence[Example], work: Unfinished) -> dict[str, object]:
    kept = [(e, d) for e, d in zip(order, work.done, strict=True) if d.has_crop]
    unreadable = [
        e.name for e, d in zip(order, work.done, strict=True) if d.outcome == "unreadable"
    ]
    for name in unreadable[:_NAMED]:
        log.warning("unreadable picture left out: %s", name)
    if len(unreadable) > _NAMED:
        log.warning("and %d more unreadable pictures left out", len(unreadable) - _NAMED)
    training = [d.digest for e, d in kept if e.split == "train"]
    return {
        "names": [e.name for e, _ in kept],
        "splits": [e.split for e, _ in kept],
        "targets": [e.target for e, _ in kept],
        "aligned": [d.outcome == "aligned" for _, d in kept],
        "unreadable": unreadable,
        "duplicates_of_training": [
            e.name for e, d in zip(order, work.done, strict=True) if d.outcome == "duplicate"
        ],
        "duplicates_in_training": len(training) - len(set(training)),
    }
