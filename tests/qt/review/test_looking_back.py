"""The timeline reaches back to the start of the source, and a click shows that moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ferdesk.session.session import Session
from ferdesk.ui.panels.timeline import TimelinePanel
from ferdesk.ui.state.recording_plan import RecordingPlan
from ferdesk.ui.window.main_window import MainWindow
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading, peaked
from tests.qt.review.conftest import PictureSession, only_session, wait

SECONDS = 240


@pytest.fixture
def ran(bench: Bench) -> Bench:
    """A source that ran for four minutes: anger in its first second, then calm."""
    bench.run()
    now = time.perf_counter()
    live = bench.window.live
    live.stop()
    for i in range(SECONDS * 4):
        face = make_face(probabilities=peaked(4 if i < 4 else 0, 0.9))
        bench.engine.feed(make_reading((face,), index=i, captured_at=now - SECONDS + i / 4))
        live.tick()
    live.refresh_plots()
    return bench


def place_of(timeline: TimelinePanel, moment: float) -> QPoint:
    """Where that time lies in the plot's viewport."""
    plot = timeline.plot
    x = moment - plot._end
    scene = plot.item.getViewBox().mapViewToScene(QPointF(x, 0.5))
    return plot.view.mapFromScene(scene)


def test_the_wheel_shows_everything_since_the_start(ran: Bench) -> None:
    timeline = ran.window.panels.timeline
    first = ran.window.live.course.first_time
    assert first is not None
    plot = timeline.plot
    assert plot._x.min() >= -20.1
    where = QPointF(plot.view.viewport().rect().center())
    for _ in range(20):
        turn = QWheelEvent(
            where, plot.view.viewport().mapToGlobal(where), QPoint(), QPoint(0, -120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(plot.view.viewport(), turn)
    assert plot._x.min() == pytest.approx(first - plot._end)
    assert np.nanmax(plot._rows[4]) > 0.8, "the first second of four minutes ago"
    names = [name for _, name in plot.item.getAxis("bottom")._tickLevels[0]]
    assert "−1:00" in names
    assert names[-1] == "now"
    assert timeline.back.isVisible()
    timeline.back.click()
    assert timeline.time.follows
    ran.window.live.refresh_plots()
    assert plot._x.min() >= -20.1
    QTest.keyClick(ran.window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    assert plot._x.min() == pytest.approx(first - plot._end)


def test_a_click_without_a_recording_shows_the_numbers(ran: Bench) -> None:
    window, timeline = ran.window, ran.window.panels.timeline
    video, looking = window.panels.video, window.session_work.looking
    video.set_notice("as before")
    shown = window.live.shown.reading
    QTest.keyClick(window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
    first = window.live.course.first_time
    assert first is not None
    QTest.mouseClick(
        timeline.plot.view.viewport(), Qt.MouseButton.LeftButton,
        pos=place_of(timeline, first + 0.5),
    )  # fmt: skip
    assert looking.at == pytest.approx(first + 0.5, abs=1.5)
    assert "Not recorded" in video.notice
    assert "Anger" in timeline.plot._readout.text()
    assert timeline.plot._readout.isVisible()
    assert window.live.shown.reading is shown, "the picture stays that of now"
    assert window.commands["back_to_live"].isEnabled()
    QTest.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert looking.at > first + 1
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert looking.at is None
    assert timeline.time.follows
    assert video.notice == "as before"
    assert not window.commands["back_to_live"].isEnabled()


def test_a_click_while_recording_shows_that_moment(
    live_window: Callable[..., MainWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    window = live_window()
    work, live, video = window.session_work, window.live, window.panels.video
    work.recording.begin(RecordingPlan(tmp_path, video=True))
    qtbot.waitUntil(lambda: work.recording.running, timeout=20_000)
    recorder = work.recording.recorder
    assert recorder is not None
    qtbot.waitUntil(lambda: recorder.status().readings > 10, timeout=60_000)
    reading = live.shown.reading
    assert reading is not None
    moment = reading.frame.media_time
    qtbot.waitUntil(
        lambda: (
            live.shown.reading is not None and live.shown.reading.frame.media_time > moment + 1.2
        ),
        timeout=30_000,
    )
    for _ in range(100):  # until its picture is written
        window.panels.timeline.moment_wanted.emit(moment)
        qtbot.waitUntil(lambda: live.in_the_past, timeout=20_000)
        wait(qtbot, 0.3)
        if "still being written" not in video._past:
            break
    past = live.shown.reading
    assert past is not None
    assert past.frame.media_time == pytest.approx(moment, abs=0.5)
    assert "ago · Esc: back to now" in video._past
    assert past.frame.image.std() > 10
    done = recorder.status().readings
    qtbot.waitUntil(lambda: recorder.status().readings > done + 2, timeout=30_000)
    assert live.shown.reading is past, "while the source goes on"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    newest = live.shown.reading
    assert newest is not None
    assert newest.frame.media_time > moment + 1
    assert not video._past
    work.recording.stop()
    qtbot.waitUntil(lambda: bool(window.store.value.recent_sessions), timeout=20_000)
    window.panels.timeline.moment_wanted.emit(moment)
    qtbot.waitUntil(lambda: live.in_the_past, timeout=20_000)
    again = live.shown.reading
    assert again is not None
    assert again.frame.index == past.frame.index, "what was recorded before is there, too"
    window.session_work.back_to_live()
    assert not live.in_the_past
    with Session.open(only_session(tmp_path)) as session:
        stored = {frame.source_index: faces for frame, faces in session.read()}
    kept = stored[past.frame.index][0].probabilities
    assert np.array_equal(past.faces[0].probabilities, kept)


def test_a_click_in_the_timeline_of_a_review_goes_there(
    bench: Bench, qtbot: QtBot, recorded: PictureSession
) -> None:
    work = bench.window.session_work
    work.open(str(recorded.folder))
    qtbot.waitUntil(lambda: work.reviewing, timeout=20_000)
    work.review.seek(1.5)
    bench.window.panels.timeline.moment_wanted.emit(0.8)
    assert work.review.opened is not None
    assert work.review.opened.player.position == pytest.approx(0.8)
    assert work.looking.at is None
