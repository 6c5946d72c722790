"""Baselines of a session: stored with it, applied to its readings, never to the readings' own."""

from __future__ import annotations

import csv
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdesk.pipeline.baseline import Baseline, BaselineError, Taken
from ferdesk.pipeline.types import FaceReading, Reading, ReadingSettings
from ferdesk.session.baselines import over
from ferdesk.session.folder import DATABASE, READINGS
from ferdesk.session.past import moment
from ferdesk.session.player import Player
from ferdesk.session.recorder import Recorder
from ferdesk.session.records import AnalysisRecord, BaselineRecord
from ferdesk.session.session import Session
from ferdesk.session.writer import SessionInfo
from ferdesk.vision.blendshapes import BLENDSHAPES
from tests.unit.session.conftest import FPS

SMILE = BLENDSHAPES.index("mouthSmileLeft")


def expected(faces: list[FaceReading], face: FaceReading) -> tuple[np.ndarray, np.ndarray]:
    """The definition, with nothing of the program."""
    logs = np.array([np.log(np.maximum(f.probabilities, 1e-4)) for f in faces], float)
    scores = np.array([f.landmarks.blendshapes for f in faces], float)
    return (
        np.log(np.maximum(face.probabilities, 1e-4)) - logs.mean(0),
        face.landmarks.blendshapes - scores.mean(0),
    )


def test_a_stretch_is_a_baseline_of_the_whole_session(
    session: Session, readings: list[Reading]
) -> None:
    before = {frame.id: faces[0] for frame, faces in session.read()}
    assert all(face.change is None for face in before.values())
    session.store.put(BaselineRecord(0.0, 0.6, 1))
    (known,) = session.baselines().known
    assert known.baseline.readings == sum(1 for i in range(16) if i % 5 != 4)
    rest = [face for i, face in before.items() if i / FPS <= 0.6]
    for frame, (face,) in session.read():
        logs, scores = expected(rest, before[frame.id])
        assert face.change is not None
        assert face.change.log_probabilities == pytest.approx(logs, abs=1e-4)
        assert face.change.blendshapes == pytest.approx(scores, abs=1e-4)
        assert np.array_equal(face.probabilities, before[frame.id].probabilities)
        assert face.reliability == before[frame.id].reliability
    player = Player(session)
    player.seek(1.5)
    reading = player.reading()
    shown = reading.faces[0]
    assert shown.change is not None
    table = session.readings()
    at = table["time"].tolist().index(reading.frame.media_time)
    assert table["change_happiness"][at] == pytest.approx(shown.change.log_probabilities[1])
    assert table["change_mouthSmileLeft"][at] == pytest.approx(shown.change.blendshapes[SMILE])
    session.store.remove(session.store.baselines()[0])
    player.renew_baselines()
    again = player.take_reading()
    assert again is not None
    assert again.faces[0].change is None
    player.close()


def test_the_newest_holds_and_only_for_its_face_and_checkpoint(session: Session) -> None:
    session.store.put(BaselineRecord(1.0, 0.8, 1))
    session.store.put(BaselineRecord(3.0, 0.8, 1))
    session.store.put(BaselineRecord(0.0, 0.8, 7))
    found = session.baselines()
    first, second = found.known
    assert found.at(0.1, 1) is first, "what was before the first one, too"
    assert found.at(2.9, 1) is first
    assert found.at(3.5, 1) is second
    assert found.at(3.5, 7) is None, "a stretch in which the face was not seen"
    session.store.add_analysis(AnalysisRecord(0, "another", "CPU", 0.3, 3, started=4.0))
    session.reload()
    assert session.baselines().at(4.5, 1) is None
    assert session.baselines().at(3.5, 1) is not None
    with pytest.raises(BaselineError, match="were only"):
        over(session, 1.0, 0.1, 1)


def test_a_video_that_is_still_being_read(session: Session) -> None:
    session.store.set_fact("kept", True)
    session.reload()
    assert session.frames[4].analysed is False
    with pytest.raises(BaselineError, match=r"4 frames of these 0\.8 s are not read yet"):
        over(session, 0.0, 0.8, 1)
    for number in (4, 9, 14, 19):
        (face,) = session.store.faces(number - 1, number - 1)[number - 1]
        session.store.add_faces(number, 1, [face])
        session.store.set_analysed(number, 10.0)
    # What was known of the frames when the session was opened does not count.
    assert over(session, 0.0, 0.8, 1).readings == 21


def test_every_face_at_once(session: Session) -> None:
    session.store.put(BaselineRecord(0.0, 0.8))
    assert [known.face for known in session.baselines().known] == [1]


def record(folder: Path, readings: list[Reading], *taken: tuple[int, list[Taken]]) -> None:
    """Record the readings; at reading i these baselines hold from then on."""
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("sample"))
    settings = ReadingSettings("live", "", "CPU", 0.3, 3)
    for i, reading in enumerate(readings):
        for at, baselines in taken:
            if at == i:
                recorder.set_baselines(baselines)
        frame = replace(reading.frame, index=i, captured_at=100.0 + i / FPS)
        recorder.frame(frame)
        recorder.reading(replace(reading, frame=frame, settings=settings, finished_at=101.0 + i))
    recorder.stop()
    assert recorder.join(30)


def test_recorded_with_its_means_from_before_the_recording(
    tmp_path: Path, readings: list[Reading]
) -> None:
    baseline = Baseline.of(1, [reading.faces for reading in readings[:20]])
    taken = Taken(1, 92.0, 97.0, baseline)
    record(tmp_path / "s", readings, (0, [taken]))
    with Session.open(tmp_path / "s") as session:
        (stored,) = session.store.baselines()
        assert (stored.onset, stored.duration, stored.face) == (-8.0, 5.0, 1)
        (known,) = session.baselines().known
        assert np.array_equal(known.baseline.log_probabilities, baseline.log_probabilities)
        assert known.baseline.readings == 20
        past = moment(tmp_path / "s", 0.4, 100.0, of_file=False).reading.faces[0]
        assert past.change is not None, "and in a moment that is looked at while it records"
        for frame, (face,) in session.read():
            wanted = baseline.change(readings[frame.id].faces[0])
            assert face.change is not None
            assert np.array_equal(face.change.log_probabilities, wanted.log_probabilities)
            assert face.change.blendshapes == pytest.approx(wanted.blendshapes, abs=1e-3)
    with (tmp_path / "s" / READINGS).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["change_happiness"] for row in rows)


def test_what_is_taken_back_while_recording_is_not_in_the_session(
    tmp_path: Path, readings: list[Reading]
) -> None:
    one = Taken(1, 100.0, 100.5, Baseline.of(1, [r.faces for r in readings[:20]]))
    two = Taken(1, 101.0, 101.4, Baseline.of(1, [r.faces for r in readings[20:]]))
    record(tmp_path / "s", readings, (14, [one]), (20, []), (36, [two]))
    with Session.open(tmp_path / "s") as session:
        (stored,) = session.store.baselines()
        assert stored.onset == pytest.approx(1.0)


def test_sessions_from_before_are_brought_up_to_date(folder: Path) -> None:
    with sqlite3.connect(folder / DATABASE) as database:
        for column in ("log_probabilities", "blendshapes", "readings"):
            database.execute(f"ALTER TABLE baseline DROP COLUMN {column}")
        database.execute("INSERT INTO baseline (face, onset, duration) VALUES (1, 0.0, 0.8)")
        database.execute("PRAGMA user_version = 2")
    with Session.open(folder) as session:
        (known,) = session.baselines().known
        assert known.record == BaselineRecord(0.0, 0.8, 1, id=1)
