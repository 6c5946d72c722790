"""The pictures and frames that every contestant gets, as .npy files."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.rivals.answers import Kind, Task
from ferdesk.errors import FerdeskError
from ferdesk.sources.spec import SourceSpec, open_source
from trainer.data.packed import load_split, read_picture
from trainer.data.sets import prepare, read_examples

log = logging.getLogger(__name__)

EDGE = 192
MARGIN = 48
"""Detectors see the picture enlarged to EDGE inside a grey margin.

Face detectors miss faces that fill a picture. Of nine ways to show 200 training pictures (edges
96, 192 and 288; no margin, a quarter in grey, a quarter of repeated pixels) this one made both
rivals miss the fewest: 49 and 42. It is also what our trainer shows to MediaPipe.
"""
_GREY = (128, 128, 128)


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The official valid part as far as it has one winning expression and was not trained on."""

    labels: NDArray[np.int64]
    """(N,) the crowd's plurality."""
    whole: Task
    detect: Task


def framed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) → the picture as detectors get it, about (288, 288, 3)."""
    scale = EDGE / max(picture.shape[:2])
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    bordered = cv2.copyMakeBorder(
        large, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=_GREY
    )
    return np.asarray(bordered, np.uint8)


def _save(pictures: list[NDArray[np.uint8]], file: Path) -> None:
    if len({picture.shape for picture in pictures}) > 1:
        raise FerdeskError(f"The pictures for '{file.name}' differ in size; they must all agree.")
    file.parent.mkdir(parents=True, exist_ok=True)
    np.save(file, np.stack(pictures))


def load_pictures(data: str, cache: Path, work: Path, count: int) -> Pictures:
    """`count` pictures drawn evenly from the valid part, or all of them where `count` is 0.

    Raises FerdeskError when the data set is not usable.
    """
    part = load_split(prepare(data, cache), "valid")
    paths = {e.path.name: e.path for e in read_examples(data) if e.split == "valid"}
    rows = np.arange(len(part))
    if 0 < count < len(rows):
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:count])
    pictures = []
    for row in rows:
        rgb = read_picture(paths[part.names[row]])
        if rgb is None:
            raise FerdeskError(f"The picture '{paths[part.names[row]]}' cannot be read any more.")
        pictures.append(np.ascontiguousarray(rgb[:, :, ::-1]))
    small, large = work / "pictures.npy", work / "framed.npy"
    _save(pictures, small)
    _save([framed(picture) for picture in pictures], large)
    title = f"{data.partition(':')[0]} PublicTest"
    return Pictures(
        part.labels[rows],
        Task(Kind.WHOLE, title, small, len(rows)),
        Task(Kind.PICTURES, title, large, len(rows)),
    )


def load_clip(source: str, title: str, work: Path, count: int) -> Task:
    """The first `count` frames of a source as ferdesk reads it; 0 for all. Raises FerdeskError."""
    reader = open_source(SourceSpec.parse(source))
    info = reader.open()
    frames: list[NDArray[np.uint8]] = []
    try:
        while (not count or len(frames) < count) and (frame := reader.read()) is not None:
            frames.append(frame.image)
    finally:
        reader.close()
    if len(frames) < 2:
        raise FerdeskError(f"'{source}' gave {len(frames)} frames; the comparison needs a clip.")
    file = work / f"frames-{title.replace(' ', '-')}.npy"
    _save(frames, file)
    size = f"{info.width}x{info.height}"
    return Task(Kind.FRAMES, f"{title}, {size}", file, len(frames), info.fps or 25.0)
