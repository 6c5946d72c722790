"""Stills."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.resources import asset
from ferdesk.sources.images import ImageSource


def write(path: Path, value: int, shape: tuple[int, ...] = (6, 8, 3)) -> Path:
    path.write_bytes(cv2.imencode(path.suffix, np.full(shape, value, np.uint8))[1].tobytes())
    return path


def test_still_once() -> None:
    source = ImageSource(asset("portrait.png"))
    info = source.open()
    assert (info.width, info.height, info.frame_count, info.live) == (512, 512, 1, False)
    frame = source.read()
    assert frame is not None
    assert (frame.index, frame.media_time) == (0, 0.0)
    assert frame.image.shape == (512, 512, 3)
    assert source.read() is None
    assert source.read() is None
    source.open()
    assert source.read() is not None


def test_still_continuously() -> None:
    source = ImageSource(asset("portrait.png"), loop=True)
    assert source.open().frame_count is None
    frames = [source.read() for _ in range(11)]
    assert {f.media_time for f in frames if f} == {0.0}  # no invented seconds
    assert all(f.still and f.file == asset("portrait.png") for f in frames if f)
    assert [f.index for f in frames if f] == list(range(11))
    source.close()
    with pytest.raises(RuntimeError, match="not open"):
        source.read()


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 1, 3), (6, 8), (6, 8, 4), (4320, 7680, 3), (2, 2000, 3)]
)
def test_sizes_and_channels(tmp_path: Path, shape: tuple[int, ...]) -> None:
    source = ImageSource(write(tmp_path / "a.png", 255, shape))
    info = source.open()
    assert (info.height, info.width) == shape[:2]
    frame = source.read()
    assert frame is not None
    assert frame.image.shape == (*shape[:2], 3)
    assert frame.image.flags.c_contiguous
    source.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"GIF? no", "not a picture"), (None, "does not exist")],
)
def test_broken_still(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FerdeskError, match=message):
        ImageSource(path).open()
