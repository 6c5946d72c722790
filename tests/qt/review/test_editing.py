"""Editing events and corrections of a session in the real window."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from ferdesk.session.records import CorrectionRecord, EventRecord
from ferdesk.session.session import Session
from ferdesk.ui.review.note_dialog import NoteDialog
from ferdesk.ui.state.stretch import Stretch
from tests.qt.conftest import Bench
from tests.qt.review.conftest import PictureSession

SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def edited(bench: Bench, recorded: PictureSession, tmp_path: Path, qtbot: QtBot) -> Bench:
    """A copy of the recorded session under review, with `folder` beside."""
    copy = tmp_path / "copy"
    shutil.copytree(recorded.folder, copy)
    work = bench.window.session_work
    bench.run()
    work.open(str(copy))
    qtbot.waitUntil(lambda: work.reviewing, timeout=20_000)
    qtbot.waitUntil(lambda: bench.window.live.shown.reading is not None)
    bench.window.activateWindow()
    qtbot.waitUntil(bench.window.isActiveWindow)
    return bench


def key(bench: Bench, code: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    QTest.keyClick(bench.window, code, held)
    QApplication.processEvents()


def on_disk(bench: Bench) -> tuple[list[EventRecord], list[CorrectionRecord]]:
    """What another program reads at this moment."""
    opened = bench.window.session_work.review.opened
    assert opened is not None
    with Session.open(opened.session.folder) as session:
        return session.store.events(), session.store.corrections()


def test_every_edit_is_on_disk_at_once_and_can_be_undone(edited: Bench) -> None:
    work = edited.window.session_work
    work.review.seek(1.2)
    key(edited, Qt.Key.Key_M)
    events, _ = on_disk(edited)
    assert [(e.label, round(e.onset, 1)) for e in events] == [("clip A", 0.4), ("mark", 1.2)]
    assert [label for _, label in edited.window.panels.timeline.marks] == ["clip A", "mark"]
    work.review.choose(Stretch(1.0, 1.5))
    key(edited, Qt.Key.Key_X)
    key(edited, Qt.Key.Key_C)
    menu = work.correcting.menu
    assert menu is not None
    QTest.keyClick(menu, Qt.Key.Key_A)
    _, corrections = on_disk(edited)
    assert [(c.label, c.onset, c.duration) for c in corrections[1:]] == [
        ("excluded", 1.0, 0.5),
        ("anger", 1.0, 0.5),
    ]
    assert work.notes.table.rowCount() == 5
    assert edited.window.commands["undo"].text() == "Undo: correct"
    for _ in range(3):
        key(edited, Qt.Key.Key_Z, CONTROL)
    events, corrections = on_disk(edited)
    assert ([e.label for e in events], [c.label for c in corrections]) == (["clip A"], ["fear"])
    assert not edited.window.commands["undo"].isEnabled()
    key(edited, Qt.Key.Key_Z, CONTROL, SHIFT)
    assert [e.label for e in on_disk(edited)[0]] == ["clip A", "mark"]


def test_without_a_stretch_the_stretch_of_one_label_is_corrected(
    edited: Bench, recorded: PictureSession
) -> None:
    work = edited.window.session_work
    work.review.seek(1.6)
    said = recorded.answer_at(1.6)
    work.correcting.corrected.emit(1, "surprise")
    correction = on_disk(edited)[1][-1]
    assert (correction.label, correction.face) == ("surprise", 1)
    assert correction.onset <= 1.6 <= correction.onset + correction.duration
    for at in (correction.onset, correction.onset + correction.duration):
        assert recorded.answer_at(at) == said


def test_the_list_goes_there_changes_and_deletes(edited: Bench, qtbot: QtBot) -> None:
    work = edited.window.session_work
    table = work.notes.table
    assert [table.item(row, 1).text() for row in range(2)] == [
        "⚑ clip A",
        "corrected: Fear (face 1)",
    ]
    table.selectRow(0)
    assert work.review.opened is not None
    assert work.review.opened.player.position == pytest.approx(0.4)
    key(edited, Qt.Key.Key_F2)
    dialog = edited.window.findChild(NoteDialog)
    assert dialog is not None
    assert isinstance(dialog.label, QLineEdit)
    dialog.label.setText("clip B")
    dialog.duration.setValue(0.25)
    dialog.accept_note()
    event = on_disk(edited)[0][0]
    assert (event.label, event.duration, round(event.onset, 3)) == ("clip B", 0.25, 0.4)
    assert table.item(0, 0).text() == "0:00.4–0:00.6"
    edited.window.activateWindow()
    qtbot.waitUntil(edited.window.isActiveWindow)
    key(edited, Qt.Key.Key_Delete)
    assert on_disk(edited)[0] == []
    key(edited, Qt.Key.Key_Z, CONTROL)
    assert on_disk(edited)[0] == [event]


def test_keys_choose_a_stretch(edited: Bench) -> None:
    work = edited.window.session_work
    work.review.seek(0.5)
    key(edited, Qt.Key.Key_I)
    work.review.seek(0.9)
    key(edited, Qt.Key.Key_O)
    stretch = work.bar.ribbon.stretch
    assert stretch is not None
    assert (stretch.start, stretch.end) == (pytest.approx(0.5), pytest.approx(0.9))
    key(edited, Qt.Key.Key_D, CONTROL)
    assert work.bar.ribbon.stretch is None


def test_a_write_protected_session_says_so(
    bench: Bench, recorded: PictureSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the system's answer is pretended.
    monkeypatch.setattr("ferdesk.session.folder.os.access", lambda *_: False)
    bench.window.session_work.open(str(recorded.folder))
    qtbot.waitUntil(lambda: bench.window.session_work.reviewing, timeout=20_000)
    bench.window.session_work.editing.mark("mark")
    assert any("cannot be changed" in text for text in bench.notices())


def test_digit_keys_note_what_they_noted_in_the_recording(
    edited: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    work = edited.window.session_work
    assert work.event_keys.labels == (), "neither the session nor the settings have labels"
    work.review.leave()
    with Session.open(tmp_path / "copy") as session:
        session.store.set_fact("event_keys", ["start", "", "clip B"])
    work.open(str(tmp_path / "copy"))
    qtbot.waitUntil(lambda: work.reviewing, timeout=20_000)
    edited.window.activateWindow()
    qtbot.waitUntil(edited.window.isActiveWindow)
    work.review.seek(1.6)
    for code in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4):
        key(edited, code)
    events, _ = on_disk(edited)
    assert [event.label for event in events] == ["clip A", "start", "clip B"]
    assert [round(event.onset, 1) for event in events[1:]] == [1.6, 1.6]
    work.editing.undo()
    work.review.leave()
    key(edited, Qt.Key.Key_1)
    with Session.open(tmp_path / "copy") as session:
        assert [event.label for event in session.store.events()] == ["clip A", "start"]


def test_a_correction_keeps_its_picture(edited: Bench, qtbot: QtBot) -> None:
    work = edited.window.session_work
    assert work.review.opened is not None
    store = work.review.opened.session.store
    before = store.kept_crops()
    work.review.choose(Stretch(1.3, 1.9))
    work.editing.correct("anger", 1)
    qtbot.waitUntil(lambda: len(store.kept_crops()) == len(before) + 2, timeout=20_000)
    work.editing.undo()
    assert len(store.kept_crops()) == len(before) + 2, "it may be done again without the video"


def test_a_stretch_becomes_the_neutral_baseline(edited: Bench) -> None:
    window, work, live = edited.window, edited.window.session_work, edited.window.live
    opened = work.review.opened
    assert opened is not None
    work.review.seek(1.5)
    before = live.shown.face
    assert before is not None
    assert before.change is None
    # Five seconds from here are not there: the session is over before.
    work.review.seek(1.8)
    key(edited, Qt.Key.Key_N)
    assert "only" in notice(edited)
    work.review.choose(Stretch(0.0, 0.8, 1))
    key(edited, Qt.Key.Key_N)
    work.review.seek(1.5)
    after = live.shown.face
    assert after is not None
    assert after.change is not None
    live.write_out()
    assert window.panels.distribution.baseline.text() == "Baseline since 0:00"
    rows = range(work.notes.table.rowCount())
    assert "neutral baseline (face 1)" in [work.notes.table.item(row, 1).text() for row in rows]
    logs = [f.probabilities for r in opened.session.read() if r[0].time <= 0.8 for f in r[1]]
    mean = np.log(np.maximum(np.array(logs), 1e-4)).mean(0)
    wanted = np.log(np.maximum(before.probabilities, 1e-4)) - mean
    assert after.change.log_probabilities == pytest.approx(wanted, abs=1e-4)
    assert np.array_equal(after.probabilities, before.probabilities)
    with Session.open(opened.session.folder) as session:
        (stored,) = session.store.baselines()
    assert (stored.onset, stored.duration, stored.face, stored.readings) == (0.0, 0.8, 1, 21)
    key(edited, Qt.Key.Key_Z, CONTROL)
    assert live.shown.face is not None
    assert live.shown.face.change is None
    key(edited, Qt.Key.Key_Z, CONTROL, SHIFT)
    assert live.shown.face.change is not None
    key(edited, Qt.Key.Key_N, SHIFT)
    assert live.shown.face.change is None
    with Session.open(opened.session.folder) as session:
        assert session.store.baselines() == []


def notice(bench: Bench) -> str:
    return bench.notices()[-1]
