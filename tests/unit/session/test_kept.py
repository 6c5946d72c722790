"""What was read of a video file is found again by its content, bounded, and deleted on request."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.session.kept import HowRead, delete_kept, kept_figures, open_kept, videos_folder
from ferdesk.session.records import EventRecord
from ferdesk.session.schema import SessionError
from ferdesk.session.video import VideoWriter

HOW = HowRead("live", "ab12", 0.3, 3, False)
OTHERWISE = replace(HOW, smoothing_seconds=0.0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERDESK_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "videos"


def clip(path: Path, grey: int = 80) -> Path:
    writer = VideoWriter(path, 64, 48)
    for i in range(5):
        writer.add(np.full((48, 64, 3), grey + i, np.uint8), 100 + i * 40)
    writer.close()
    return path


def test_the_content_is_what_counts(cache: Path, tmp_path: Path) -> None:
    one = clip(tmp_path / "one.mkv")
    kept = open_kept(one, HOW)
    folder = kept.session.folder
    assert folder.parent == cache == videos_folder()
    assert [frame.time for frame in kept.session.frames] == [0.0, 0.04, 0.08, 0.12, 0.16]
    assert not any(frame.analysed for frame in kept.session.frames)
    kept.session.store.set_analysed(2, 1.0)
    kept.close()
    moved = tmp_path / "moved.mkv"
    one.rename(moved)
    again = open_kept(moved, HOW)
    assert again.session.folder == folder
    assert again.session.video == moved, "pictures come from where the video is now"
    assert (again.session.name, again.session.place) == ("moved.mkv", tmp_path)
    assert [frame.analysed for frame in again.session.frames].index(True) == 2
    again.close()
    other = open_kept(clip(tmp_path / "other.mkv", 90), HOW)
    assert other.session.folder != folder
    other.close()
    kinds = {path.suffix for path in cache.rglob("*") if path.is_file()}
    assert kinds == {".db", ".lock"}, "numbers, and no pictures"


def test_read_otherwise_it_is_another_reading_with_the_same_notes(
    cache: Path, tmp_path: Path
) -> None:
    video = clip(tmp_path / "a.mkv")
    kept = open_kept(video, HOW)
    kept.session.store.put(EventRecord(0.1, "smile"))
    kept.close()
    other = open_kept(video, OTHERWISE)
    assert other.session.folder.parent == cache
    assert other.session.folder != kept.session.folder
    assert [event.label for event in other.session.store.events()] == ["smile"]
    other.close()


def test_the_limit_spares_what_a_person_noted(cache: Path, tmp_path: Path) -> None:
    videos = [clip(tmp_path / f"{grey}.mkv", grey) for grey in (60, 70, 80, 90)]
    folders = []
    for age, video in enumerate(videos[:3]):
        kept = open_kept(video, HOW)
        if age == 0:
            kept.session.store.put(EventRecord(0.0, "mark"))
        folders.append(kept.session.folder)
        kept.close()
        os.utime(folders[-1] / "session.db", (1e9 + age, 1e9 + age))
    size = kept_figures().size
    newest = open_kept(videos[3], HOW, limit=size)
    assert [folder.exists() for folder in folders] == [True, False, True]
    figures = kept_figures()
    assert (figures.videos, figures.with_notes) == (3, 1)
    delete_kept()
    assert [path for path in cache.iterdir() if path.is_dir()] == [newest.session.folder]
    newest.close()
    delete_kept()
    assert kept_figures().videos == 0


def test_open_twice_or_not_to_be_kept(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferdesk.session.kept._PATIENCE", 0.05)
    video = clip(tmp_path / "a.mkv")
    first = open_kept(video, HOW)
    second = open_kept(video, HOW)
    assert "not kept" in second.note
    aside = second.session.folder
    second.session.store.put(EventRecord(0.0, "gone"))
    second.close()
    assert not aside.exists()
    assert first.session.store.events() == []
    first.close()
    shutil.rmtree(cache)
    third = open_kept(video, HOW, keep=False)
    assert not cache.exists()
    third.close()


def test_what_cannot_be_played_is_a_sentence(cache: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    with pytest.raises(FerdeskError, match="damaged or in a format"):
        open_kept(broken, HOW)
    (cache.parent).mkdir(exist_ok=True)
    cache.write_text("in the way")
    kept = open_kept(clip(tmp_path / "a.mkv"), HOW)
    assert "cannot be kept" in kept.note
    assert len(kept.session.frames) == 5
    kept.close()


def test_a_container_without_seeking_is_refused(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.m2v"
    with av.open(str(path), "w", format="mpeg1video") as container:
        stream = container.add_stream("mpeg1video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(30):
            picture = np.full((48, 64, 3), 5 * i, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    with pytest.raises(SessionError, match="only be played from beginning to end"):
        open_kept(path, HOW)
    assert kept_figures().videos == 0
