"""Pictures of corrections outlive the video, where keeping pictures was agreed to."""

from __future__ import annotations

import csv
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.commands.export import export
from ferdesk.errors import FerdeskError
from ferdesk.model.face_geometry import face_geometry
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import Reading
from ferdesk.session import crops
from ferdesk.session.corrections import write_corrections
from ferdesk.session.crops import drop_uncovered_crops, keep_crops
from ferdesk.session.folder import DATABASE, VIDEO
from ferdesk.session.recorder import Recorder
from ferdesk.session.records import CANNOT_TELL, CorrectionRecord
from ferdesk.session.session import Session
from ferdesk.session.writer import SessionInfo
from ferdesk.vision.crop import align_face
from tests.unit.session.test_recorder import feed
from trainer.data.packed import load_split
from trainer.data.sets import prepare, read_examples


def recorded(folder: Path, readings: list[Reading], *, video: bool) -> Path:
    """40 frames of 40 ms, of which a person said while they were recorded that they show fear."""
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("camera"), video=video)
    feed(recorder, readings, 40)
    recorder.correct("fear", face=1, duration=1.3, at=1000.0)
    recorder.stop()
    assert recorder.join(30)
    return folder


def test_from_the_recording_to_the_trainer_without_the_video(
    tmp_path: Path, readings: list[Reading]
) -> None:
    folder = recorded(tmp_path / "s", readings, video=True)
    (folder / VIDEO).unlink()
    with Session.open(folder) as session:
        written = write_corrections([session], tmp_path / "set")
        assert (written.crops, written.left_out) == (3, ())
        assert "fear" not in written.missing
        assert len(written.missing) == 6
        # Corrected after the video had gone: that is said.
        session.store.put(CorrectionRecord(1.4, 0.1, "anger", face=1))
        assert keep_crops(session) == 0
        assert "One corrected moment of 's' has no picture: the video is missing." in (
            write_corrections([session], tmp_path / "later").in_words
        )
    packed = load_split(prepare(f"manifest:{tmp_path / 'set'}", tmp_path, geometry=True), "train")
    assert packed.labels.tolist() == [6, 6, 6]
    assert packed.aligned.all()
    assert packed.poses is not None
    for i, name in enumerate(packed.names):
        reading = readings[int(name.split("_")[-2])]
        face = reading.faces[0]
        wanted = align_face(reading.frame.image, face.landmarks.points)
        assert cv2.PSNR(np.ascontiguousarray(packed.crops[i, ..., ::-1]), wanted) > 30
        shape = face_geometry(face.landmarks.points, face.landmarks.blendshapes)
        assert np.abs(packed.shapes()[i] - shape).max() < 0.01
        pose = (face.pose.yaw, face.pose.pitch, face.pose.roll, face.quality.size)
        assert packed.poses[i] == pytest.approx(pose, abs=0.1)


def test_no_picture_is_kept_that_was_not_agreed_to(tmp_path: Path, readings: list[Reading]) -> None:
    with Session.open(recorded(tmp_path / "s", readings, video=False)) as session:
        assert session.store.corrections()
        assert session.store.kept_crops() == set()
        with pytest.raises(FerdeskError, match="holds no pictures"):
            write_corrections([session], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_sessions_are_one_data_set(
    tmp_path: Path, readings: list[Reading], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = recorded(tmp_path / "a" / "s", readings, video=True)
    second = tmp_path / "b" / "s"
    shutil.copytree(first, second)
    with Session.open(second) as session:
        session.store.put(CorrectionRecord(0.0, 1.6, "anger"))
    without = recorded(tmp_path / "w", readings[:5], video=False)
    out = tmp_path / "set"
    assert export([first, second, without], corrections=out) == 0
    told = capsys.readouterr().out
    assert "still missing: neutral, happiness, surprise, sadness, disgust." in told
    assert "The session 'w' holds no pictures" in told
    examples = read_examples(f"manifest:{out}")
    assert Counter(EXPRESSIONS[example.label] for example in examples) == {"fear": 3, "anger": 4}
    assert all(example.path.is_file() for example in examples)
    with pytest.raises(FerdeskError, match="Tables are of one session"):
        export([first, second], csv=tmp_path / "t.csv")


def test_edits_keep_and_tidy(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Session.open(recorded(tmp_path / "s", readings, video=True)) as session:
        store = session.store
        before = store.kept_crops()
        assert keep_crops(session) == 0, "what is kept is not made again"
        (correction,) = store.corrections()
        store.put(CorrectionRecord(0.0, 0.2, CANNOT_TELL, face=1))
        assert keep_crops(session) == 0
        store.put(CorrectionRecord(1.4, 0.1, "anger", face=1))
        assert keep_crops(session) == 1
        with_anger = store.kept_crops()
        assert len(with_anger - before) == 1
        session.facts["landmarks"] = False
        with pytest.raises(FerdeskError, match="no landmarks"):
            write_corrections([session], tmp_path / "out")
        session.facts["landmarks"] = True
        drop_uncovered_crops(session)
        assert store.kept_crops() == with_anger
        store.remove(correction)
        gone = max(before)
        pixels = store.crop(*gone)
        assert pixels is not None
        file = tmp_path / "s" / DATABASE
        assert pixels[60:260] in file.read_bytes()
        drop_uncovered_crops(session)
        assert pixels[60:260] not in file.read_bytes(), "what is deleted is overwritten"
        left = {session.frames[frame].time for frame, _ in store.kept_crops()}
        assert all(t <= 0.2 or t >= 1.4 for t in left)
        assert len(left) == 2
        monkeypatch.setattr(crops, "MOST_KEPT", 2)
        store.put(CorrectionRecord(0.3, 1.2, "surprise"))
        assert keep_crops(session) == 1, "one of anger is of surprise now"
        # The rest is still in the video.
        assert write_corrections([session], tmp_path / "out").crops == 3
        with (tmp_path / "out" / "manifest.csv").open(newline="", encoding="utf-8") as file:
            labels = [row["label"] for row in csv.DictReader(file)]
        assert sorted(set(labels)) == ["surprise"]


def test_a_session_of_version_1(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(tmp_path / "s", readings, video=True)
    with sqlite3.connect(folder / DATABASE, isolation_level=None) as database:
        database.execute("DROP TABLE crop")
        database.execute("ALTER TABLE correction ADD COLUMN crop BLOB NOT NULL DEFAULT x''")
        database.execute("PRAGMA user_version = 1")
    before = (folder / DATABASE).read_bytes()
    with Session.open(folder, read_only=True) as session:
        assert session.store.kept_crops() == set()
        assert [c.label for c in session.store.corrections()] == ["fear"]
        assert write_corrections([session], tmp_path / "set").crops == 3
    assert (folder / DATABASE).read_bytes() == before
    with Session.open(folder) as session:
        assert keep_crops(session) == 3
