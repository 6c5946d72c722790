"""Looking back at a recorded session in the real window."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import EngineState, EventKind
from ferdesk.session.session import Session
from ferdesk.ui.state.recording_plan import RecordingPlan
from ferdesk.vision.blendshapes import MOVEMENT_GROUPS
from tests.qt.conftest import Bench
from tests.qt.review.conftest import PictureSession

Look = Callable[[Path], Bench]


@pytest.fixture
def look(bench: Bench, qtbot: QtBot) -> Look:
    """`look(folder)` opens a session in a window that read live before."""

    def open_it(folder: Path) -> Bench:
        bench.run()
        work = bench.window.session_work
        work.open(str(folder))
        qtbot.waitUntil(lambda: work.reviewing, timeout=20_000)
        qtbot.waitUntil(lambda: bench.window.live.shown.reading is not None)
        bench.window.activateWindow()
        qtbot.waitUntil(bench.window.isActiveWindow)
        return bench

    return open_it


def key(
    bench: Bench, code: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.keyClick(bench.window, code, modifier)
    QApplication.processEvents()


def position(bench: Bench) -> float:
    opened = bench.window.session_work.review.opened
    assert opened is not None
    return opened.player.position


def test_the_panels_show_what_was_recorded(look: Look, recorded: PictureSession) -> None:
    bench = look(recorded.folder)
    window = bench.window
    original = recorded.readings[0]
    shown = window.live.shown.reading
    assert shown is not None
    assert np.array_equal(shown.faces[0].probabilities, original.faces[0].probabilities)
    assert shown.frame.image.std() > 10, "the picture, not grey"
    assert window.live.shown.threshold == pytest.approx(recorded.threshold)
    assert window.panels.status.state.text() == "Review"
    assert bench.engine.state.value == "stopped", "the camera is let go"
    assert window.session_work.bar.isVisible()
    assert not window.panels.distribution.coverage.isVisible()
    assert not window.commands["record"].isEnabled()
    assert "go back to live" in window.commands["record"].toolTip()
    assert window.store.value.recent_sessions == (str(recorded.folder),)
    window.commands["show_movements"].setChecked(True)
    assert window.panels.movements.isVisible()
    assert window.session_work.notes.isVisible(), "there is room for both"
    stored = shown.faces[0].landmarks.blendshapes
    assert stored == pytest.approx(original.faces[0].landmarks.blendshapes, abs=1e-3)
    group = MOVEMENT_GROUPS[window.panels.movements.bars.groups[0]]
    assert max(stored[i] for i in group.members) == pytest.approx(stored.max())
    window.resize(900, 600)
    QApplication.processEvents()
    assert window.panels.movements.isVisible()
    assert not window.session_work.notes.isVisible(), "where it is small the list gives way"


def test_keys_move_through_the_session(look: Look, recorded: PictureSession, qtbot: QtBot) -> None:
    bench = look(recorded.folder)
    frame = 1 / recorded.fps
    key(bench, Qt.Key.Key_End)
    assert position(bench) == pytest.approx((recorded.count - 1) * frame)
    key(bench, Qt.Key.Key_Home)
    assert position(bench) == 0.0
    key(bench, Qt.Key.Key_Period)
    QTest.keyClick(bench.window.session_work.bar.ribbon, Qt.Key.Key_Right)
    assert position(bench) == pytest.approx(2 * frame)
    key(bench, Qt.Key.Key_Comma)
    assert position(bench) == pytest.approx(frame)
    key(bench, Qt.Key.Key_E)
    assert position(bench) == pytest.approx(0.4, abs=frame)
    key(bench, Qt.Key.Key_K)
    assert position(bench) == pytest.approx(0.8, abs=frame)
    key(bench, Qt.Key.Key_K)
    assert "no correction after" in bench.notices()[0]
    key(bench, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    assert position(bench) == pytest.approx(0.4, abs=frame)
    key(bench, Qt.Key.Key_Space)
    assert not bench.window.commands["pause"].isChecked()
    qtbot.waitUntil(lambda: position(bench) > 0.5)
    qtbot.waitUntil(lambda: bench.window.commands["pause"].isChecked(), timeout=10_000)
    assert position(bench) == pytest.approx((recorded.count - 1) * frame)


def test_the_ribbon_seeks_chooses_and_zooms(look: Look, recorded: PictureSession) -> None:
    bench = look(recorded.folder)
    ribbon = bench.window.session_work.bar.ribbon
    layout = ribbon.layout_now()
    lane = layout.lane(0).center().y()
    at = QPoint(round(layout.x(1.0)), round(lane))
    QTest.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=at)
    assert position(bench) == pytest.approx(1.0, abs=0.05)
    assert bench.window.live.shown.reading.frame.media_time == pytest.approx(1.0, abs=0.05)  # type: ignore[union-attr]
    answer = ribbon.describe(QPointF(at))
    assert recorded.answer_at(1.0) in answer
    shift, left = Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    QTest.mousePress(ribbon, left, shift, at)
    QTest.mouseMove(ribbon, QPoint(round(layout.x(1.3)), round(lane)))
    QTest.mouseRelease(ribbon, left, shift, QPoint(round(layout.x(1.3)), round(lane)))
    stretch = ribbon.stretch
    assert stretch is not None
    assert (stretch.start, stretch.end) == (
        pytest.approx(1.0, abs=0.02),
        pytest.approx(1.3, abs=0.02),
    )
    whole = ribbon.last - ribbon.first
    key(bench, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert ribbon.last - ribbon.first < whole
    assert ribbon.first <= position(bench) <= ribbon.last
    key(bench, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert ribbon.last - ribbon.first == pytest.approx(whole)


def test_without_pictures_the_landmarks_are_drawn(
    look: Look, recorded: PictureSession, tmp_path: Path
) -> None:
    copy = tmp_path / "session"
    shutil.copytree(recorded.folder, copy)
    (copy / "video.mkv").unlink()
    bench = look(copy)
    assert bench.video.options.mesh
    assert "landmarks are drawn on grey" in bench.video.notice
    assert any("video of the session" in text for text in bench.notices())


def test_back_to_live(look: Look, recorded: PictureSession, qtbot: QtBot) -> None:
    bench = look(recorded.folder)
    started = len(bench.engine.started)
    key(bench, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(bench.engine.started) > started)
    assert not bench.window.session_work.reviewing
    assert not bench.window.session_work.bar.isVisible()
    assert bench.window.commands["record"].isEnabled()
    assert not bench.window.commands["next_event"].isEnabled()


def test_a_dropped_session_is_opened(bench: Bench, recorded: PictureSession, qtbot: QtBot) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(recorded.folder))])
    entered = QDragEnterEvent(
        QPoint(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(bench.window, entered)
    assert entered.isAccepted()
    event = QDropEvent(
        QPointF(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(bench.window, event)
    qtbot.waitUntil(lambda: bench.window.session_work.reviewing, timeout=20_000)
    assert not bench.engine.started


def test_the_command_line_opens_a_session(
    bench: Bench, recorded: PictureSession, qtbot: QtBot
) -> None:
    bench.window.begin(str(recorded.folder))
    qtbot.waitUntil(lambda: bench.window.session_work.reviewing, timeout=20_000)


def test_what_is_no_session_is_said(bench: Bench, tmp_path: Path, qtbot: QtBot) -> None:
    bench.run()
    bench.window.session_work.open(str(tmp_path))
    qtbot.waitUntil(lambda: bool(bench.notices()))
    assert "is not a session" in bench.notices()[0]
    assert not bench.window.session_work.reviewing
    assert bench.engine.state.value == "running", "the reading goes on"


def test_recording_and_looking_back_exclude_each_other(
    bench: Bench, recorded: PictureSession, qtbot: QtBot, tmp_path: Path
) -> None:
    bench.run()
    work = bench.window.session_work
    work.recording.begin(RecordingPlan(tmp_path / "out"))
    qtbot.waitUntil(lambda: work.recording.running)
    work.open(str(recorded.folder))
    assert "end it (Ctrl+R)" in bench.notices()[0]
    assert not work.reviewing
    work.recording.stop()


def test_opening_repairs_nothing_that_is_whole(look: Look, recorded: PictureSession) -> None:
    look(recorded.folder).window.session_work.review.leave()
    with Session.open(recorded.folder) as session:
        assert not session.notes


def test_a_source_that_opens_late_does_not_disturb(look: Look, recorded: PictureSession) -> None:
    bench = look(recorded.folder)
    shown = bench.window.live.shown.reading
    bench.tell(EventKind.SOURCE_OPENED, "Integrated Camera, 640x480.")
    bench.tell(EventKind.STATE, "Stopped.", EngineState.STOPPED)
    assert bench.window.live.shown.reading is shown
    assert bench.window.panels.status.state.text() == "Review"
