"""Stills and folders."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.resources import asset
from ferdesk.sources.images import FolderSource, ImageSource, natural_key


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
    assert [f.media_time for f in frames if f] == pytest.approx([k / 5 for k in range(11)])
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


def test_folder_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 2, 1, 33):
        write(tmp_path / f"Img{number}.png", number)
    write(tmp_path / "img003.PNG", 3)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    source = FolderSource(tmp_path)
    info = source.open()
    assert (info.frame_count, info.width, info.height) == (5, 8, 6)
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    assert [int(f.image[0, 0, 0]) for f in frames] == [1, 2, 3, 10, 33]
    assert [f.index for f in frames] == list(range(5))
    assert [f.media_time for f in frames] == [0, 1, 2, 3, 4]
    assert source.warning == ""
    source.close()


def test_unreadable_pictures_are_counted(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"")
    write(tmp_path / "2.png", 2)
    (tmp_path / "3.png").write_bytes(b"\x89PNG broken")
    write(tmp_path / "4.png", 4)
    source = FolderSource(tmp_path, loop=True)
    source.open()
    values = []
    for _ in range(7):
        frame = source.read()
        assert frame is not None
        values.append(int(frame.image[0, 0, 0]))
    assert values == [2, 4, 2, 4, 2, 4, 2]
    source.close()
    assert "2 of 4 pictures" in source.warning
    assert "(1.jpg and 1 more)" in source.warning


def test_folders_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="no pictures"):
        FolderSource(tmp_path).open()
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(FerdeskError, match="None of the 1 pictures"):
        FolderSource(tmp_path).open()
    with pytest.raises(FerdeskError, match="cannot be read"):
        FolderSource(tmp_path / "none").open()


def test_natural_order() -> None:
    names = ["b1", "a10", "a2", "A1", "a", "2", "10", "²", "a02"]
    ordered = [p.name for p in sorted(map(Path, names), key=natural_key)]
    assert ordered == ["2", "10", "a", "A1", "a02", "a2", "a10", "b1", "²"]
