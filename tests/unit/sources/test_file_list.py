"""Folders and lists: order, kinds, stepping, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Frame, Source, SteppableSource
from ferdesk.sources.file_list import FileListSource, FolderSource
from ferdesk.sources.files import natural_key
from ferdesk.sources.spec import SourceKind, SourceSpec, open_source

from .fakes import MakeVideo


def write(path: Path, value: int) -> Path:
    path.write_bytes(cv2.imencode(path.suffix, np.full((6, 8, 3), value, np.uint8))[1].tobytes())
    return path


def names(frames: list[Frame]) -> list[str]:
    return [frame.file.name if frame.file else "" for frame in frames]


def read_all(source: Source) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


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
    assert {f.media_time for f in frames} == {0.0}
    assert [f.file.name for f in frames if f.file] == [
        "Img1.png", "Img2.png", "img003.PNG", "Img10.png", "Img33.png",
    ]  # fmt: skip
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
    assert "2 of 4 files" in source.warning
    assert "(1.jpg and 1 more)" in source.warning


def test_folders_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="no pictures"):
        FolderSource(tmp_path).open()
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(FerdeskError, match="not a picture that can be read"):
        FolderSource(tmp_path).open()
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    with pytest.raises(FerdeskError, match="None of the 2 files"):
        FolderSource(tmp_path).open()
    with pytest.raises(FerdeskError, match="cannot be read"):
        FolderSource(tmp_path / "none").open()


def test_natural_order() -> None:
    names = ["b1", "a10", "a2", "A1", "a", "2", "10", "²", "a02"]
    ordered = [p.name for p in sorted(map(Path, names), key=natural_key)]
    assert ordered == ["2", "10", "a", "A1", "a02", "a2", "a10", "b1", "²"]


# --- lists --------------------------------------------------------------------------------------


def test_pictures_and_videos_in_one_list(make_video: MakeVideo, tmp_path: Path) -> None:
    """Each frame says where it is from; a video brings its own times, a picture none."""
    files = [make_video("b10.mp4", frames=3), write(tmp_path / "b9.png", 9)]
    files += [make_video("a.avi", codec="MJPG", frames=2), write(tmp_path / "c.png", 7)]
    spec = SourceSpec.of_files(files)
    assert spec.kind is SourceKind.LIST
    assert spec.shown == "4 files"
    assert SourceSpec.parse(str(spec)) == spec
    source = open_source(spec)
    info = source.open()
    assert (info.name, info.live, info.frame_count) == ("4 files", False, None)
    frames = read_all(source)
    source.close()
    assert names(frames) == [*["a.avi"] * 2, "b9.png", *["b10.mp4"] * 3, "c.png"]
    assert [f.index for f in frames] == list(range(7))
    assert [f.still for f in frames] == [False, False, True, False, False, False, True]
    assert [f.media_time for f in frames] == pytest.approx([0, 0.04, 0, 0, 0.04, 0.08, 0], abs=2e-3)


def test_folders_in_a_list_bring_their_files(make_video: MakeVideo, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "2.png", 2)
    (tmp_path / "more" / "notes.txt").write_text("no")
    spec = SourceSpec.of_files([tmp_path / "more", make_video("1.mp4", frames=1)])
    source = open_source(spec)
    source.open()
    assert names(read_all(source)) == ["1.mp4", "2.png"]
    source.close()


def test_one_file_is_no_list_and_none_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.png", 1)
    assert SourceSpec.of_files([path]) == SourceSpec.parse(str(path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FerdeskError, match="no pictures or videos"):
        SourceSpec.of_files([tmp_path / "empty", tmp_path / "empty"])


def test_folder_of_videos(make_video: MakeVideo, tmp_path: Path) -> None:
    make_video("2.mp4", frames=2)
    make_video("10.mp4", frames=1)
    source = FolderSource(tmp_path)
    assert source.open().detail == "2 videos, the first 64x48"
    assert names(read_all(source)) == ["2.mp4", "2.mp4", "10.mp4"]
    source.close()


def test_stepping(tmp_path: Path) -> None:
    for number in (1, 2, 4):
        write(tmp_path / f"{number}.png", number)
    (tmp_path / "3.png").write_bytes(b"broken")
    source = FolderSource(tmp_path)
    assert isinstance(source, SteppableSource)
    source.open()
    assert [p.name for p in source.files] == ["1.png", "2.png", "3.png", "4.png"]

    def shown() -> str:
        frame = source.read()
        assert frame is not None
        return names([frame])[0]

    assert shown() == "1.png"
    assert source.step(1)
    assert shown() == "2.png"
    assert source.step(1)  # over the broken one
    assert shown() == "4.png"
    assert source.read() is None  # the end; what is on screen is still the last
    assert source.step(-1)
    assert shown() == "2.png"
    assert source.step(-1)
    assert shown() == "1.png"
    assert not source.step(-1)
    assert shown() == "1.png"
    assert source.step(3)
    assert shown() == "4.png"
    assert not source.step(1)
    assert shown() == "4.png"
    assert source.step(-9)
    assert shown() == "1.png"
    source.close()
    with pytest.raises(RuntimeError, match="not open"):
        source.step(1)


def test_a_list_of_what_is_gone(tmp_path: Path) -> None:
    source = FileListSource([tmp_path / "a.png", tmp_path / "b.png"])
    with pytest.raises(FerdeskError, match="None of the 2 files in '2 files' can be read"):
        source.open()
