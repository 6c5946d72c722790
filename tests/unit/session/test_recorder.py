"""The recorder behind a fake engine: it never waits, counts what it drops, and ends in order."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdesk.pipeline.types import (
    EngineEvent,
    EngineState,
    EventKind,
    Reading,
    ReadingSettings,
)
from ferdesk.session import recorder as recorder_module
from ferdesk.session import recorder_threads
from ferdesk.session.recorder import Recorder
from ferdesk.session.records import Origin, SessionState
from ferdesk.session.session import Session
from ferdesk.session.store import Store
from ferdesk.session.video import VideoReader
from ferdesk.session.writer import SessionInfo
from ferdesk.sources.base import Frame
from ferdesk.sources.spec import SourceKind, SourceSpec
from tests.unit.pipeline.fakes import FakeCamera, Listening

INFO = SessionInfo("camera", "Fake camera, 640x480, 30 fps")
SETTINGS = ReadingSettings("live", "abc", "CPU", 0.3, 3)


def begin(tmp_path: Path, told: list[str] | None = None, **options: object) -> Recorder:
    folder = tmp_path / "session"
    folder.mkdir()
    say: Callable[[str], object] = (told if told is not None else []).append
    return Recorder(folder, INFO, told=say, **options)  # type: ignore[arg-type]


def feed(
    recorder: Recorder,
    readings: list[Reading],
    count: int,
    start: float = 1000.0,
    first: int = 0,
    settings: ReadingSettings = SETTINGS,
) -> None:
    """`count` frames 40 ms apart, each read at once."""
    for i in range(first, first + count):
        source = readings[i % len(readings)]
        at = start + i * 0.04
        frame = Frame(source.frame.image, i, i * 0.04, at)
        recorder.frame(frame)
        recorder.reading(replace(source, frame=frame, finished_at=at + 0.02, settings=settings))


def end(recorder: Recorder) -> Session:
    recorder.stop()
    assert recorder.join(30)
    return Session.open(recorder.folder)


def test_frames_readings_events_and_pictures(tmp_path: Path, readings: list[Reading]) -> None:
    recorder = begin(tmp_path, video=True)
    feed(recorder, readings, 30)
    recorder.mark("stimulus", at=1000.5, note="first")
    recorder.correct("fear", face=1, at=1000.2, duration=0.4)
    with end(recorder) as session:
        assert session.state is SessionState.COMPLETE
        assert session.notes == ()
        assert session.facts["source_detail"] == INFO.source_detail
        stored = list(session.read())
        assert [frame.time for frame, _ in stored] == pytest.approx([i * 0.04 for i in range(30)])
        assert stored[7][0].latency_ms == pytest.approx(20, abs=0.1)
        for frame, faces in stored:
            wanted = readings[frame.id].faces[0]
            assert np.array_equal(faces[0].probabilities, wanted.probabilities)
        events = session.store.events()
        assert [(e.label, e.note, e.origin) for e in events] == [("stimulus", "first", Origin.KEY)]
        assert events[0].onset == pytest.approx(0.5)
        assert session.store.corrections()[0].onset == pytest.approx(0.2)
        assert session.analyses[0].checkpoint_sha256 == "abc"
        assert session.video is not None
        video = VideoReader(session.video)
        assert video.times_ms() == [frame.video_ms for frame in session.frames]
        video.close()
    assert (recorder.folder / "readings.csv").is_file()


def test_no_pictures_are_kept_unless_asked_for(tmp_path: Path, readings: list[Reading]) -> None:
    recorder = begin(tmp_path)
    feed(recorder, readings, 3)
    with end(recorder) as session:
        assert not session.has_video
    assert not list(tmp_path.rglob("*.mkv"))


def test_it_never_waits_for_the_disk(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "_STORE_ITEMS", 20)
    real, go_on = Store.add_frame, threading.Event()
    monkeypatch.setattr(Store, "add_frame", lambda *a: (go_on.wait(60), real(*a))[1])
    recorder = begin(tmp_path)
    start = time.perf_counter()
    feed(recorder, readings, 100)
    assert time.perf_counter() - start < 30, "no row is written yet"
    go_on.set()
    recorder.mark("kept", at=1002.0)
    status = recorder.status()
    assert status.frames_dropped + status.readings_dropped > 60
    with end(recorder) as session:
        assert [event.label for event in session.store.events()] == ["kept"]
        assert session.facts["frames_dropped"] == status.frames_dropped
        assert len(session.frames) == status.frames
        assert sum(frame.dropped for frame in session.frames) <= status.frames_dropped


def test_changes_in_the_middle_are_recorded(tmp_path: Path, readings: list[Reading]) -> None:
    recorder = begin(tmp_path, video=True)
    feed(recorder, readings, 10)
    lost = EngineEvent(EventKind.WARNING, "The camera is gone.", EngineState.STARTING)
    recorder.event(lost)
    feed(recorder, readings, 5, first=60, settings=replace(SETTINGS, checkpoint="other"))
    big = Frame(np.zeros((720, 1280, 3), np.uint8), 66, 2.64, 1002.7)
    recorder.frame(big)
    with end(recorder) as session:
        labels = [event.label for event in session.store.events()]
        assert {"warning", "settings", "resolution"} <= set(labels)
        assert [analysis.checkpoint for analysis in session.analyses] == ["live", "other"]
        assert session.analyses[1].started == pytest.approx(2.4)
        assert session.frames[-1].width == 1280
        gaps = np.diff([frame.time for frame in session.frames])
        assert gaps.max() == pytest.approx(2.04)
        settings = [session.analysis_at(frame.time) for frame, _ in session.read()]
        assert [a.checkpoint for a in settings if a] == ["live"] * 10 + ["other"] * 5


def test_a_clock_that_jumps(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = begin(tmp_path)
    feed(recorder, readings, 10)
    feed(recorder, readings, 10, start=200.0)
    ahead = time.time() + 3600
    monkeypatch.setattr(recorder_threads.time, "time", lambda: ahead)
    time.sleep(1.5)
    feed(recorder, readings, 1, start=201.0)
    with end(recorder) as session:
        times = [frame.time for frame in session.frames]
        assert times == sorted(times)
        assert times[-1] < 2
        notes = [event.note for event in session.store.events() if event.label == "clock"]
        assert "went back by 800" in notes[0]
        assert "slept or its clock was set: by +3600 s" in notes[1]
        assert session.facts["wall_clock_jump"] == pytest.approx(3600, abs=5)


def test_a_disk_that_fills_up_ends_it_with_one_sentence(
    tmp_path: Path, readings: list[Reading]
) -> None:
    told: list[str] = []
    free = [10**9]
    recorder = begin(tmp_path, told, free_bytes=lambda folder: free[0])
    feed(recorder, readings, 10)
    free[0] = 10**6
    _wait(lambda: bool(told))
    feed(recorder, readings, 10, first=10)
    assert not recorder.running
    with end(recorder) as session:
        assert session.state is SessionState.COMPLETE
        assert len(session.frames) == 10
        assert session.facts["ended_because"] == told[0]
    assert len(told) == 1
    assert "less than 200 MB are free" in told[0]


def test_a_database_that_refuses_ends_it_and_keeps_what_is_there(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    recorder = begin(tmp_path, told)
    feed(recorder, readings, 10)
    _wait(lambda: len(recorder._rows._items) == 0)
    time.sleep(1.3)
    feed(recorder, readings, 1, first=10)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "add_frame", full)
    feed(recorder, readings, 1, first=11)
    _wait(lambda: bool(told))
    assert recorder.join(10)
    assert "is full; what was recorded until then is kept" in told[0]
    monkeypatch.undo()
    with Session.open(recorder.folder) as session:
        assert session.state is SessionState.RECOVERED
        assert 10 <= len(session.frames) <= 11


def test_a_removed_drive_ends_it(tmp_path: Path, readings: list[Reading]) -> None:
    told: list[str] = []
    recorder = begin(tmp_path, told, video=True)
    feed(recorder, readings, 5)
    # The recorder may make a file while the others are being removed.
    while recorder.folder.exists():
        shutil.rmtree(recorder.folder, ignore_errors=True)
    _wait(lambda: bool(told))
    assert recorder.join(10)
    assert len(told) == 1
    assert "is gone" in told[0]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_camera_that_is_lost_and_comes_back(tmp_path: Path, readings: list[Reading]) -> None:
    camera = FakeCamera(readings[0].frame.image)
    listening = Listening(lambda _spec: camera)
    recorder = begin(tmp_path)
    listening.engine.attach(recorder)
    listening.engine.start(SourceSpec(SourceKind.CAMERA, "0"), Path("tiny.safetensors"))
    listening.reading()
    camera.plugged.clear()
    listening.wait_for(EventKind.WARNING, "disconnected")
    before = recorder.status().frames
    camera.plugged.set()
    listening.wait_for(EventKind.SOURCE_OPENED, "is back")
    _wait(lambda: recorder.status().frames > before + 5)
    assert listening.engine.close()
    with end(recorder) as session:
        events = [(event.label, event.note) for event in session.store.events()]
        assert ("warning", "Fake camera was disconnected.") in events
        assert any("is back" in note for _, note in events)
        times = np.array([frame.time for frame in session.frames])
        assert np.diff(times).min() >= 0
        assert np.diff(times).max() > 0.4, "the gap is there, as missing frames"
        assert session.notes == ()


def test_a_picture_is_encoded_after_it_was_read(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_threads, "_TURN_SECONDS", 60.0)
    recorder = begin(tmp_path, video=True)
    reading = replace(readings[0], settings=SETTINGS)
    path = tmp_path / "session" / "video.mkv"
    recorder.frame(reading.frame)
    time.sleep(0.1)
    assert not path.exists()
    recorder.reading(reading)
    deadline = time.monotonic() + 10
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert path.exists()
    # Nobody reads any more: the next ones wait for nothing when several do, or at the end.
    for i in range(1, 7):
        at = reading.frame.captured_at + i * 0.04
        recorder.frame(replace(reading.frame, index=reading.frame.index + i, captured_at=at))
    recorder.stop()
    assert recorder.join(30)
    video = VideoReader(path)
    assert len(video.times_ms()) == 7
    video.close()
