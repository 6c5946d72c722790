"""Sessions that were cut off, damaged, foreign, newer, locked or write-protected."""

from __future__ import annotations

import os
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from ferdesk.pipeline.types import Reading
from ferdesk.session.folder import DATABASE, LOCK, file_name, new_folder
from ferdesk.session.records import EventRecord, SessionState
from ferdesk.session.schema import SessionError
from ferdesk.session.session import Session
from ferdesk.session.store import Store
from tests.unit.session.conftest import write_session


def test_folders_are_named_by_time_and_participant(tmp_path: Path) -> None:
    now = datetime(2026, 11, 25, 14, 3, 12)
    first = new_folder(tmp_path, "participant 07/..", now)
    assert first.name == "2026-11-25_14-03-12_participant-07"
    assert new_folder(tmp_path, "participant 07/..", now).name.endswith("-2")
    assert new_folder(tmp_path, "", now).name == "2026-11-25_14-03-12"
    assert file_name("../..") == "session"
    (tmp_path / "file").touch()
    with pytest.raises(SessionError, match="is a file"):
        new_folder(tmp_path / "file")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "There is no session"),
        (lambda folder: folder.mkdir(), "it has no file 'session.db'"),
        (lambda folder: _file(folder, b""), "not written by ferdesk"),
        (lambda folder: _file(folder, b"no database at all " * 500), "not written by ferdesk"),
        (lambda folder: _foreign(folder), "not written by ferdesk"),
    ],
)
def test_what_is_no_session(make, words: str, tmp_path: Path) -> None:
    make(tmp_path / "s")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SessionError, match=words):
        Session.open(tmp_path / "s")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_newer_session_is_left_alone(folder: Path) -> None:
    with sqlite3.connect(folder / DATABASE) as database:
        database.execute("PRAGMA user_version = 99")
    before = (folder / DATABASE).read_bytes()
    with pytest.raises(SessionError, match=r"newer ferdesk .*update"):
        Session.open(folder)
    assert (folder / DATABASE).read_bytes() == before


def test_one_being_recorded_is_not_opened(tmp_path: Path, readings: list[Reading]) -> None:
    writer = write_session(tmp_path / "s", readings[:3], finish=False)
    with pytest.raises(SessionError, match="being recorded right now"):
        Session.open(tmp_path / "s")
    writer.finish()
    assert not (tmp_path / "s" / LOCK).exists()
    with Session.open(tmp_path / "s") as session:
        assert session.state is SessionState.COMPLETE
        assert session.notes == ()


def test_opened_twice_both_see_an_edit(folder: Path) -> None:
    with Session.open(folder) as one, Session.open(folder) as two:
        one.store.put(EventRecord(0.5, "seen"))
        assert [event.label for event in two.store.events()] == ["seen"]


def test_a_write_protected_one_can_be_looked_at(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    with Session.open(folder) as session:
        assert "write-protected" in session.notes[0]
        assert len(list(session.read())) == 96
        with pytest.raises(SessionError, match="cannot be changed"):
            session.store.put(EventRecord(0.5, "no"))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_write_protected_one_that_was_cut_off(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _cut_off(tmp_path, readings)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with Session.open(folder) as session:
        assert len(session.frames) == 120
        assert any("cut off" in note for note in session.notes)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_one_that_was_cut_off_on_a_full_disk(
    tmp_path: Path, readings: list[Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _cut_off(tmp_path, readings)

    def full(_: Store) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "settle", full)
    with Session.open(folder) as session:
        assert any("disk is full" in note for note in session.notes)
        assert len(session.frames) == 120
    monkeypatch.undo()
    with Session.open(folder) as session:
        assert session.state is SessionState.RECOVERED
        session.store.put(EventRecord(0.5, "edits are possible again"))


def test_one_that_was_cut_off_is_recovered_once(tmp_path: Path, readings: list[Reading]) -> None:
    folder = _cut_off(tmp_path, readings)
    with Session.open(folder) as session:
        assert session.state is SessionState.RECOVERED
        assert "recovered up to 4.8 s (120 frames)" in session.notes[0]
        assert len(list(session.read())) == 96
    with Session.open(folder) as session:
        assert session.notes == ()
        assert session.state is SessionState.RECOVERED


@pytest.mark.parametrize("kept", [0.7, 0.9])
def test_a_truncated_database_says_what_is_lost(folder: Path, kept: float) -> None:
    path = folder / DATABASE
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with Session.open(folder) as session:
        assert "was damaged" in session.notes[0]
        assert "are lost" in session.notes[0]
        assert "session.damaged.db" in session.notes[1]
        assert 0 < len(list(session.read())) < 96
        session.store.put(EventRecord(0.5, "edits are possible again"))
    assert (folder / "session.damaged.db").stat().st_size == int(len(whole) * kept)
    with Session.open(folder) as session:
        assert session.notes == ()
        assert len(session.store.events()) == 1


def test_holes_within_a_database(folder: Path) -> None:
    path = folder / DATABASE
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40_000] = os.urandom(40_000)
    path.write_bytes(content)
    with Session.open(folder) as session:
        assert "was damaged" in session.notes[0]
        assert len(session.frames) == 120
        assert 50 < len(list(session.read())) <= 96


def test_one_of_which_nothing_is_left(folder: Path) -> None:
    path = folder / DATABASE
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SessionError, match="beyond repair"):
        Session.open(folder)
    assert path.stat().st_size == 200


def test_a_missing_video_is_said(tmp_path: Path, readings: list[Reading]) -> None:
    write_session(tmp_path / "s", readings[:5], video="video.mkv")
    with Session.open(tmp_path / "s") as session:
        assert session.video is None
        assert "The video of the session 's' is missing" in session.notes[0]


def _cut_off(tmp_path: Path, readings: list[Reading]) -> Path:
    """As a kill leaves it: the log not folded in, the lock file there and free."""
    writer = write_session(tmp_path / "running", readings * 3, finish=False)
    writer.store.commit()
    shutil.copytree(tmp_path / "running", tmp_path / "cut")
    writer.abandon()
    for name in ("session.db-shm",):
        (tmp_path / "cut" / name).unlink()
    return tmp_path / "cut"


def _file(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / DATABASE).write_bytes(content)


def _foreign(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / DATABASE) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
