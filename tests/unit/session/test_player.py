"""The player gives what the engine gave: the same numbers, and the pictures they were read from."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Reading
from ferdesk.session.player import Player
from ferdesk.session.recorder import Recorder
from ferdesk.session.records import CorrectionRecord, FrameRecord
from ferdesk.session.session import Session
from ferdesk.session.writer import SessionInfo, SessionWriter
from ferdesk.sources.video import VideoSource
from tests.unit.session.test_recorder import SETTINGS, feed
from tests.unit.session.test_video import number_of, numbered, write_leaning


@pytest.fixture(scope="module")
def recorded(readings: list[Reading], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty numbered pictures with their readings; from the 20th on the limit is high."""
    folder = tmp_path_factory.mktemp("recorded")
    recorder = Recorder(folder, SessionInfo("camera"), video=True)
    marked = [
        replace(r, frame=replace(r.frame, image=numbered(r.frame.image, i)))
        for i, r in enumerate(readings)
    ]
    feed(recorder, marked, 20)
    recorder.set_threshold(0.999)
    feed(recorder, marked, 20, first=40 - 20, settings=replace(SETTINGS, smoothing_seconds=0.0))
    recorder.mark("one", at=1000.4)
    recorder.mark("two", at=1001.2)
    recorder.stop()
    assert recorder.join(30)
    return folder


def test_readings_are_those_of_the_engine(recorded: Path, readings: list[Reading]) -> None:
    with Session.open(recorded) as session:
        player = Player(session, origin=5.0)
        assert (player.count, player.complaint) == (40, "")
        for index in (0, 1, 2, 39, 17, 3):
            reading, original = player.reading(index), readings[index]
            assert number_of(reading.frame.image) == index
            assert reading.frame.image.shape == original.frame.image.shape
            assert reading.frame.captured_at == pytest.approx(5.0 + index * 0.04)
            assert reading.finished_at - reading.frame.captured_at == pytest.approx(0.02)
            face, wanted = reading.faces[0], original.faces[0]
            assert np.array_equal(face.probabilities, wanted.probabilities)
            assert face.reliability == wanted.reliability
        player.close()


def test_seek_step_and_jump(recorded: Path) -> None:
    with Session.open(recorded) as session:
        session.store.put(CorrectionRecord(0.6, 0.1, "fear"))
        player = Player(session)
        player.seek(0.45)
        assert player.index == 11
        player.step(-2)
        assert player.position == pytest.approx(0.36)
        player.step(1000)
        assert player.index == 39
        player.seek(-5)
        assert player.index == 0
        assert player.next_event()
        assert player.position == pytest.approx(0.4)
        assert player.next_event()
        assert player.index == 20, "the program noted other settings"
        assert player.next_event()
        assert player.index == 30
        assert not player.next_event()
        assert player.next_event(-1)
        assert player.next_event(-1)
        assert player.index == 10
        assert player.next_correction()
        assert player.index == 15
        assert player.next_unsure()
        assert player.index == 20, "where the limit rises"
        assert not player.next_unsure()
        player.close()


def test_it_plays_in_time_and_gives_each_reading_once(recorded: Path) -> None:
    with Session.open(recorded) as session:
        player = Player(session)
        first = player.take_reading()
        assert first is not None
        assert player.take_reading() is None
        player.play(speed=4.0)
        start, seen = time.perf_counter(), []
        while player.playing:
            reading = player.take_reading()
            if reading is not None:
                seen.append(reading.frame.index)
            time.sleep(0.005)
        assert time.perf_counter() - start > 0.35, "1.56 s at four times the speed"
        assert seen == sorted(set(seen))
        last = player.take_reading()
        assert player.index == 39
        assert last is None or last.frame.index == 39
        player.play()
        assert player.index == 0
        player.pause()
        assert not player.playing
        player.close()


def test_without_a_video_there_are_numbers(
    session: Session, recorded: Path, tmp_path: Path, readings: list[Reading]
) -> None:
    player = Player(session)
    reading = player.reading(3)
    assert reading.frame.image.shape == readings[3].frame.image.shape
    assert len(np.unique(reading.frame.image)) == 1
    assert np.array_equal(reading.faces[0].probabilities, readings[3].faces[0].probabilities)
    session.close()


def test_a_session_without_readings(tmp_path: Path, readings: list[Reading]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("camera"))
    recorder.stop()
    assert recorder.join(10)
    with Session.open(folder) as session, pytest.raises(FerdeskError, match="no reading to play"):
        Player(session)


@pytest.mark.parametrize("name", ["clip.avi", "clip.mpg"])
def test_the_picture_is_the_one_that_was_read(name: str, tmp_path: Path) -> None:
    """Whatever time the container gives its first picture."""
    avi = name.endswith("avi")
    video, folder = tmp_path / name, tmp_path / "session"
    write_leaning(video, *(("avi", "mpeg4") if avi else ("mpeg", "mpeg1video")), 30)
    folder.mkdir()
    writer = SessionWriter(folder, SessionInfo(str(video), video=str(video)))
    source = VideoSource(video)
    source.open()
    while (frame := source.read()) is not None:
        assert number_of(frame.image) == frame.index
        time = frame.media_time
        writer.add_frame(FrameRecord(frame.index, time, frame.index, time, 256, 64))
        writer.add_reading(frame.index, (), 0.0)
    source.close()
    writer.finish()
    with Session.open(folder) as session:
        player = Player(session)
        numbers = [number_of(player.reading(index).frame.image) for index in range(player.count)]
        player.close()
    # OpenCV gives the last picture of an AVI file the time of the one before.
    assert numbers[:29] == list(range(29))
