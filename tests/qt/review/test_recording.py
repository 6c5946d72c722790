"""Recording in the window, with the real engine reading the clip that ships."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from ferdesk.session import recorder_threads
from ferdesk.session.records import Origin, SessionState
from ferdesk.session.session import Session
from ferdesk.ui.dialogs.record import RecordDialog
from ferdesk.ui.state.recording_plan import RecordingPlan
from ferdesk.ui.window.main_window import MainWindow
from ferdesk.ui.window.recording import NOTHING_READ
from tests.qt.conftest import Bench
from tests.qt.review.conftest import notices, only_session


def begin(window: MainWindow, qtbot: QtBot, plan: RecordingPlan) -> None:
    """Record, and wait for the first figures."""
    recording = window.session_work.recording
    recording.begin(plan)
    qtbot.waitUntil(lambda: recording.running)
    qtbot.waitUntil(lambda: recording.recorder.status().readings > 0, timeout=20_000)  # type: ignore[union-attr]


def test_the_dialog_asks_what_has_to_be_known(bench: Bench, qtbot: QtBot) -> None:
    bench.run()
    bench.window.commands["record"].trigger()
    dialog = bench.window.findChild(RecordDialog)
    assert dialog is not None
    assert not dialog.video.isChecked(), "pictures of people are kept when asked for, and only then"
    assert dialog.landmarks.isChecked()
    dialog.reject()
    qtbot.waitUntil(lambda: not bench.window.commands["record"].isChecked())
    assert not bench.window.session_work.recording.running


def test_without_a_source_there_is_nothing_to_record(bench: Bench) -> None:
    bench.window.commands["record"].trigger()
    assert bench.notices() == [NOTHING_READ]
    assert not bench.window.commands["record"].isChecked()


def test_a_recording_with_marks_and_corrections(
    live_window: Callable[..., MainWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    window = live_window(event_keys=("start", "", "clip A"))
    window.commands["record"].trigger()
    dialog = window.findChild(RecordDialog)
    assert dialog is not None
    assert [key.text() for key in dialog.keys[:3]] == ["start", "", "clip A"]
    for line, text in ((dialog.participant, "p 07"), (dialog.folder, str(tmp_path / "out"))):
        assert isinstance(line, QLineEdit)
        line.setText(text)
    dialog.video.setChecked(True)
    dialog.accept_plan()
    work = window.session_work
    qtbot.waitUntil(lambda: work.recording.running)
    assert window.commands["record"].isChecked()
    qtbot.waitUntil(lambda: work.recording.recorder.status().readings > 0, timeout=20_000)  # type: ignore[union-attr]
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for key in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_M):
        qtbot.keyClick(window, key)
    assert [label for _, label in window.panels.timeline.marks] == ["start", "mark"]
    qtbot.keyClick(window, Qt.Key.Key_C)
    menu = work.correcting.menu
    assert menu is not None
    assert menu.isVisible()
    qtbot.keyClick(menu, Qt.Key.Key_F)
    window.store.update(smoothing_seconds=1.0, coverage=0.5)

    def taken() -> bool:
        reading = window.live.shown.reading
        settings = None if reading is None else reading.settings
        return settings is not None and settings.smoothing_seconds == 1.0

    qtbot.waitUntil(taken, timeout=20_000)
    figures = window.panels.status.recording
    qtbot.waitUntil(lambda: "free" in figures.text(), timeout=10_000)
    assert figures.isVisible()
    assert "0 lost" in figures.text()
    window.commands["record"].trigger()
    qtbot.waitUntil(lambda: bool(window.store.value.recent_sessions), timeout=20_000)
    assert not figures.isVisible()
    assert any("Session saved" in text for text in notices(window))
    folder = only_session(tmp_path / "out")
    assert folder.name.endswith("_p-07")
    assert window.store.value.recent_sessions == (str(folder),)
    with Session.open(folder) as session:
        assert session.state is SessionState.COMPLETE
        assert session.facts["source"] == "sample"
        assert session.facts["participant"] == "p 07"
        assert session.facts["event_keys"][:3] == ["start", "", "clip A"]
        assert session.video is not None
        events = session.store.events()
        assert [e.label for e in events if e.origin is Origin.KEY] == ["start", "mark"]
        corrections = session.store.corrections()
        assert [c.label for c in corrections] == ["fear"]
        assert corrections[0].face in {
            face.face_id for _, faces in session.read() for face in faces
        }
        assert {a.smoothing_seconds for a in session.analyses} == {0.3, 1.0}
        assert len({a.threshold for a in session.analyses}) == 2
    assert window.commands["record"].text() == "Record"


def test_closing_the_window_closes_the_session(
    live_window: Callable[..., MainWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    window = live_window()
    begin(window, qtbot, RecordingPlan(tmp_path))
    window.close()
    with Session.open(only_session(tmp_path)) as session:
        assert session.state is SessionState.COMPLETE
        assert not session.notes
        assert not session.has_video
    assert (only_session(tmp_path) / "readings.csv").is_file()


def test_a_full_disk_ends_the_recording_and_not_the_reading(
    live_window: Callable[..., MainWindow],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = live_window()
    begin(window, qtbot, RecordingPlan(tmp_path))
    monkeypatch.setattr(recorder_threads, "LEAST_FREE", 2**60)
    recording = window.session_work.recording
    qtbot.waitUntil(lambda: not recording.running, timeout=10_000)
    assert any("MB are free on the disk" in text for text in notices(window))
    assert not window.commands["record"].isChecked()
    before = window.live.shown.reading
    qtbot.waitUntil(lambda: window.live.shown.reading is not before, timeout=30_000)
    qtbot.waitUntil(lambda: bool(window.store.value.recent_sessions), timeout=20_000)
    with Session.open(only_session(tmp_path)) as session:
        assert session.state is SessionState.COMPLETE
        assert "MB are free" in session.facts["ended_because"]


def test_a_folder_that_refuses_is_said_in_a_sentence(
    bench: Bench, qtbot: QtBot, tmp_path: Path
) -> None:
    bench.run()
    (tmp_path / "file").write_text("in the way")
    bench.window.session_work.recording.begin(RecordingPlan(tmp_path / "file"))
    qtbot.waitUntil(lambda: bool(bench.notices()))
    assert "choose a folder for sessions" in bench.notices()[0]
    assert not bench.window.session_work.recording.running
