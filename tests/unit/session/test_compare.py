"""A second reading of the same frames: kept beside the first, agreement and disagreements."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdesk import cli
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import Reading
from ferdesk.resources import asset
from ferdesk.session.compare import Agreement, compare
from ferdesk.session.player import Player
from ferdesk.session.recorder import Recorder
from ferdesk.session.records import EventRecord
from ferdesk.session.session import Session
from ferdesk.session.writer import SessionInfo
from tests.unit.model.helpers import tiny_checkpoint
from tests.unit.session.test_recorder import feed


@pytest.fixture(autouse=True)
def no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)


def record(folder: Path, readings: list[Reading], video: bool) -> Path:
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("camera"), video=video)
    feed(recorder, readings, 40)
    recorder.stop()
    assert recorder.join(30)
    return folder


def test_agreement_and_kappa() -> None:
    counts = np.zeros((7, 7), np.int64)
    counts[0, 0], counts[1, 1], counts[0, 1], counts[1, 0] = 20, 15, 5, 10
    agreement = Agreement(counts, ())
    assert agreement.share == pytest.approx(0.7)
    assert agreement.kappa == pytest.approx(0.4), "the example of every textbook"
    nothing = Agreement(np.zeros((7, 7), np.int64), ())
    assert math.isnan(nothing.share)
    assert math.isnan(nothing.kappa)


def test_a_second_checkpoint_on_the_same_frames(
    tmp_path: Path, readings: list[Reading], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record(tmp_path / "s", readings, video=True)
    model = tiny_checkpoint(tmp_path / "tiny.safetensors", seed=3)
    table = tmp_path / "d.csv"
    command = ["compare", str(folder), "--checkpoint", str(model), "--device", "cpu"]
    assert cli.run([*command, "--csv", str(table)]) == 0
    said = capsys.readouterr().out
    assert "Read again as pass 1" in said
    assert "of 40 readings" in said
    assert "compressed video" in said
    with Session.open(folder) as session:
        assert session.passes == (0, 1)
        first, second = dict(session.read(0)), dict(session.read(1))
        assert len(first) == len(second) == 40
        for frame, faces in first.items():
            again = second[frame]
            assert [face.face_id for face in again] == [face.face_id for face in faces]
            assert again[0].landmarks.box == pytest.approx(faces[0].landmarks.box, abs=0.1)
            assert np.array_equal(faces[0].probabilities, readings[frame.id].faces[0].probabilities)
        agreement = compare(session, 0, 1)
        same = [
            a[0].label == b[0].label for a, b in zip(first.values(), second.values(), strict=True)
        ]
        assert agreement.share == pytest.approx(np.mean(same))
        assert Player(session, 1).reading(5).faces[0].label == second[session.frames[5]][0].label
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(agreement.disagreements) > 0
    assert {row["first"] for row in rows} <= set(EXPRESSIONS)
    assert cli.run([*command, "--progress"]) == 0
    news = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert news == [{"state": "loading"}, {"state": "done", "pass": 1}], "it is there already"


def test_a_reading_in_the_making_locks_nobody_and_leaves_nothing(
    tmp_path: Path, readings: list[Reading]
) -> None:
    folder = record(tmp_path / "s", readings, video=False)
    with Session.open(folder) as reading, Session.open(folder) as edited:
        before = edited.store.rows("SELECT count(*) FROM face")
        for frame in (0, 1):
            reading.store.draft_faces(frame, readings[frame].faces)
        edited.store.put(EventRecord(0.1, "meanwhile"))
        assert edited.store.rows("SELECT count(*) FROM face") == before
        reading.store.keep_draft(replace(reading.analyses[0], id=0, pass_number=1))
        edited.reload()
        assert edited.passes == (0, 1)
        kept = edited.store.faces(0, 1, 1)
        assert np.array_equal(kept[1][0].probabilities, readings[1].faces[0].probabilities)
        reading.store.draft_faces(2, readings[2].faces)
    with Session.open(folder) as session:
        assert list(session.store.faces(0, 9, 1)) == [0, 1]


def test_a_checkpoint_agrees_with_itself(
    tmp_path: Path, readings: list[Reading], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record(tmp_path / "s", readings, video=True)
    assert (
        cli.run(
            [
                "compare",
                str(folder),
                "--checkpoint",
                str(asset("live.safetensors")),
                "--device",
                "cpu",
            ]
        )
        == 0
    )
    with Session.open(folder) as session:
        agreement = compare(session, 0, 1)
    assert agreement.share > 0.85, "all that differs is the compression of the video"


def test_the_second_network_sees_the_landmarks_too(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferdesk.model.face_geometry import face_geometry
    from ferdesk.model.predictor import Predictor

    seen: list[np.ndarray] = []
    predict = Predictor.predict

    def spy(self: Predictor, crops: np.ndarray, geometry: np.ndarray | None = None) -> object:
        if geometry is not None:
            seen.append(geometry)
        return predict(self, crops, geometry)

    folder = record(tmp_path / "s", readings, video=True)
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    monkeypatch.setattr(Predictor, "predict", spy)
    assert cli.run(["compare", str(folder), "--checkpoint", str(model), "--device", "cpu"]) == 0
    face = readings[39].faces[0].landmarks
    wanted = face_geometry(face.points, face.blendshapes)
    assert np.abs(seen[-1][0] - wanted).max() < 0.02


def test_without_pictures_there_is_nothing_to_read(
    tmp_path: Path, readings: list[Reading], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record(tmp_path / "s", readings, video=False)
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    assert cli.run(["compare", str(folder), "--checkpoint", str(model), "--device", "cpu"]) == 2
    assert "has no pictures to read again" in capsys.readouterr().err
    with Session.open(folder) as session:
        assert session.passes == (0,)
