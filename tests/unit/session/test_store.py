"""Numbers go into the database and come back the same; edits are transactions."""

from __future__ import annotations

import csv
import math
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from ferdesk.pipeline.types import Reading
from ferdesk.session import schema
from ferdesk.session.folder import DATABASE, READINGS
from ferdesk.session.records import BaselineRecord, CorrectionRecord, EventRecord, Origin
from ferdesk.session.rows import pack_landmarks, unpack_landmarks
from ferdesk.session.session import Session
from ferdesk.session.store import Store
from ferdesk.session.table import COLUMNS
from ferdesk.table.cells import cells


def test_a_reading_comes_back_with_the_same_numbers(
    session: Session, readings: list[Reading]
) -> None:
    stored = list(session.read())
    assert len(stored) == 96
    for frame, faces in stored:
        wanted = readings[frame.id % 40]
        assert len(faces) == len(wanted.faces) == 1
        face, original = faces[0], wanted.faces[0]
        for name in ("p", "t_g", "t_a", "t", "final"):
            assert np.array_equal(getattr(face.purified, name), getattr(original.purified, name))
        for name in ("c_p", "c_g", "c_a", "c_t"):
            assert getattr(face.purified, name) == getattr(original.purified, name)
        assert np.array_equal(face.probabilities, original.probabilities)
        assert np.array_equal(face.calibrated, original.calibrated)
        assert face.reliability == original.reliability
        assert (face.label, face.reason) == (original.label, original.reason)
        assert face.prediction_set == original.prediction_set
        assert (face.pose, face.quality) == (original.pose, original.quality)
        assert face.landmarks.box == pytest.approx(original.landmarks.box, abs=1e-3)
        width = original.landmarks.box[2]
        off = np.abs(face.landmarks.points - original.landmarks.points).max()
        assert off <= width / 2048 * 0.75, "half a step, of the taller side"
        assert np.array_equal(face.landmarks.transform, original.landmarks.transform)


def test_landmarks_of_any_size_and_none() -> None:
    rng = np.random.default_rng(0)
    for width in (8.0, 200.0, 3000.0):
        points = (rng.random((478, 3)) * (width, width * 1.3, width / 2)).astype(np.float32) + 40
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        box = (*map(float, low), *map(float, high - low))
        back = unpack_landmarks(pack_landmarks(points, box), box)
        assert np.abs(back - points).max() <= width * 1.3 / 2048
        assert np.allclose(back[:, :2].min(0), low, atol=width * 1e-6)
    back = unpack_landmarks(None, (10.0, 20.0, 30.0, 40.0))
    assert back.shape == (478, 3)
    assert (*back[:, :2].min(0), *back[:, :2].max(0)) == (10, 20, 40, 60)


def test_the_table_in_the_folder_is_the_table_of_the_library(
    session: Session, readings: list[Reading]
) -> None:
    with (session.folder / READINGS).open(newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    arrays = session.readings()
    assert tuple(written[0]) == tuple(arrays) == COLUMNS
    assert len(written) == len(arrays["time"]) == 96
    for i in (0, 40, 95):
        assert float(written[i]["time"]) == pytest.approx(arrays["time"][i], abs=1e-4)
        assert float(written[i]["probability_surprise"]) == pytest.approx(
            arrays["probability_surprise"][i], abs=1e-6
        )
        assert written[i]["label"] == arrays["label"][i]
        frame = int(written[i]["frame"])
        assert written[i]["label"] == readings[frame % 40].faces[0].label


def test_a_frame_without_a_face_is_a_row(tmp_path: Path, readings: list[Reading]) -> None:
    from dataclasses import replace

    from tests.unit.session.conftest import write_session

    nobody = [replace(readings[0], faces=()), readings[1]]
    write_session(tmp_path / "s", nobody)
    with Session.open(tmp_path / "s") as session:
        arrays = session.readings()
    assert arrays["face"].tolist() == [0, 1]
    assert math.isnan(arrays["probability_fear"][0])
    assert arrays["label"][0] == ""


def test_notes_are_edited_undone_and_kept(folder: Path) -> None:
    with Session.open(folder) as session:
        store = session.store
        number = store.put(EventRecord(0.5, "stimulus", 0.2, "first", Origin.LSL))
        store.put(CorrectionRecord(0.4, 0.4, "fear", face=1))
        store.put(BaselineRecord(0.0, 0.3))
        event = store.events()[0]
        store.remove(event)
        assert store.events() == []
        assert store.put(event) == number
    with Session.open(folder) as session:
        assert session.store.events() == [EventRecord(0.5, "stimulus", 0.2, "first", Origin.LSL, 1)]
        assert session.store.baselines() == [BaselineRecord(0.0, 0.3, None, id=1)]
        arrays = session.readings()
        inside = (arrays["time"] >= 0.4) & (arrays["time"] <= 0.8)
        assert set(arrays["correction"][inside]) == {"fear"}
        assert set(arrays["correction"][~inside]) == {""}
    with pytest.raises(ValueError, match="cannot be 'glee'"):
        CorrectionRecord(0, 1, "glee")


def test_an_edit_that_fails_changes_nothing(session: Session) -> None:
    session.store.put(EventRecord(0.1, "one"))

    def edit() -> None:
        with session.store.editing():
            session.store.put(EventRecord(0.2, "two"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        edit()
    assert [event.label for event in session.store.events()] == ["one"]


def test_the_version_is_written_and_migrated(folder: Path) -> None:
    with sqlite3.connect(folder / DATABASE) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION
        assert database.execute("PRAGMA application_id").fetchone()[0] == schema.APPLICATION_ID


def test_a_later_version_is_reached_step_by_step(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_column(database: sqlite3.Connection) -> None:
        database.execute("ALTER TABLE event ADD COLUMN colour TEXT")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_column))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    store = Store.open(folder / DATABASE)
    assert store.rows("SELECT count(colour) FROM event") == [(0,)]
    assert store.rows("PRAGMA user_version") == [(schema.VERSION,)]
    store.close()


def test_no_cell_becomes_a_formula() -> None:
    words = ["=1+1", "+cmd", "-x", "@a", "\t=1", "\r=1", "happiness", ""]
    escaped = [*(f"'{word}" for word in words[:6]), "happiness", ""]
    assert cells(("file",) * 8, words) == escaped
    assert cells(("yaw", "frame"), (-1.5, 2)) == ["-1.50", "2"]
