"""Plain video files: the transport of a session, read while they are played, and kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ferdesk.model.predictor import Predictor
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.types import EngineState, Reading
from ferdesk.session.kept import kept_figures, videos_folder
from ferdesk.sources.base import Frame
from ferdesk.sources.video import VideoSource
from ferdesk.ui.dialogs.forget import ForgetDialog
from ferdesk.ui.review.opened import OpenedSession
from ferdesk.ui.state.video_courses import VideoCourses
from ferdesk.ui.window.main_window import MainWindow
from tests.qt.review.conftest import PictureSession, notices, wait


@pytest.fixture
def clip(recorded: PictureSession, tmp_path: Path) -> Path:
    """Two seconds of a face, as a file like any other."""
    path = tmp_path / "clip.mkv"
    shutil.copyfile(recorded.folder / "video.mkv", path)
    return path


def opened(window: MainWindow) -> OpenedSession:
    found = window.session_work.review.opened
    assert found is not None
    return found


def read(window: MainWindow) -> np.ndarray:
    """Which frames were read."""
    courses = opened(window).histories
    assert isinstance(courses, VideoCourses)
    return courses.read


def open_video(window: MainWindow, path: Path, qtbot: QtBot) -> None:
    window.sources.open(str(path))
    qtbot.waitUntil(lambda: window.session_work.videos.active, timeout=20_000)
    qtbot.waitUntil(lambda: window.live.shown.reading is not None, timeout=30_000)


def test_it_is_read_while_it_plays_and_kept(
    live_window: Callable[..., MainWindow], clip: Path, predictor: Predictor, qtbot: QtBot
) -> None:
    window = live_window()
    streamed: list[Reading] = []

    class Sink:
        def frame(self, frame: Frame) -> None: ...
        def event(self, event: object) -> None: ...
        def reading(self, reading: Reading) -> None:
            streamed.append(reading)

    window.engine.attach(Sink())
    before = len(streamed)
    open_video(window, clip, qtbot)
    assert window.engine.state is EngineState.STOPPED
    assert window.panels.status.state.text() == "Video"
    assert window.session_work.bar.isVisible()
    record = window.commands["record"]
    assert not record.isEnabled()
    assert "needs no recording" in record.toolTip()
    assert window.panels.distribution.coverage.isVisible(), "the person chooses the limit"
    assert str(clip) not in window.store.value.recent_sessions
    qtbot.waitUntil(lambda: window.commands["pause"].isChecked(), timeout=60_000)
    assert read(window).all(), "no frame is passed over"
    assert len(streamed) > before, "streams hear what is played"
    qtbot.waitUntil(lambda: window.session_work.bar.ribbon.names == ("Face 1",), timeout=30_000)
    # Read in one go it has the numbers of `ferdesk analyze`.
    analyzer, source = Analyzer(predictor, 3, 0.3), VideoSource(clip)
    source.open()
    for index in range(12):
        frame = source.read()
        assert frame is not None
        wanted = analyzer.analyze(frame).faces[0]
        shown = opened(window).player.reading(index).faces[0]
        assert np.abs(shown.probabilities - wanted.probabilities).max() < 1e-3
    analyzer.close()
    source.close()

    window.session_work.back_to_live()
    qtbot.waitUntil(lambda: window.engine.state is EngineState.RUNNING, timeout=30_000)
    assert not window.session_work.reviewing
    open_video(window, clip, qtbot)
    assert read(window).all(), "kept from the first time"
    again = opened(window).reading
    assert again is not None
    assert again.readings_per_second() == 0, "and not read a second time"


def test_a_click_in_the_ribbon_reads_that_moment(
    live_window: Callable[..., MainWindow], clip: Path, qtbot: QtBot
) -> None:
    window = live_window()
    open_video(window, clip, qtbot)
    window.commands["pause"].setChecked(True)
    window.session_work.review.seek(0.0)
    wait(qtbot, 0.5)
    already = int(read(window).sum())
    ribbon = window.session_work.bar.ribbon
    layout = ribbon.layout_now()
    at = QPoint(round(layout.x(1.92)), round(layout.lane(0).center().y()))
    unread = not read(window)[48]
    QTest.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=at)

    def there() -> bool:
        reading = window.live.shown.reading
        return reading is not None and abs(reading.frame.media_time - 1.92) < 0.05

    qtbot.waitUntil(there, timeout=10_000)
    assert window.live.shown.faces
    if unread:
        assert int(read(window).sum()) <= already + 2, "that moment alone"
        qtbot.waitUntil(lambda: ribbon.read is not None and len(ribbon.read) > 1, timeout=30_000)
        middle = QPointF(layout.x((ribbon.read[0][1] + ribbon.read[-1][0]) / 2), 20)  # type: ignore[index]
        assert "not read yet" in ribbon.describe(middle)
        assert "% read" in window.session_work.bar.transport.whole.text()


def test_other_settings_read_anew_and_notes_stay(
    live_window: Callable[..., MainWindow], clip: Path, qtbot: QtBot
) -> None:
    window = live_window()
    open_video(window, clip, qtbot)
    window.commands["pause"].setChecked(True)
    window.session_work.editing.mark("smile")
    first = opened(window)
    window.store.update(smoothing_seconds=0.0)

    def reopened() -> bool:
        return opened(window).reading is not first.reading and window.live.shown.reading is not None

    qtbot.waitUntil(reopened, timeout=20_000)
    other = opened(window)
    assert other.session.folder != first.session.folder
    assert other.player.position == pytest.approx(first.player.position, abs=0.05)
    assert window.commands["pause"].isChecked(), "it stands where it stood"
    assert [event.label for event in other.session.store.events()] == ["smile"]
    window.commands["forget_videos"].trigger()
    qtbot.waitUntil(lambda: window.findChild(ForgetDialog) is not None)
    dialog = window.findChild(ForgetDialog)
    assert dialog is not None
    assert "one video" in dialog.text.text()
    assert "Events and corrections" in dialog.text.text()
    assert str(videos_folder()) in dialog.where.text()
    window.session_work.review.leave()
    dialog.delete.click()
    qtbot.waitUntil(lambda: any("are deleted" in text for text in notices(window)), timeout=10_000)
    assert kept_figures().videos == 0


def test_a_damaged_video_is_said_and_the_source_goes_on(
    live_window: Callable[..., MainWindow], tmp_path: Path, qtbot: QtBot
) -> None:
    window = live_window()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42 nothing that could be decoded")
    window.sources.open(str(broken))
    qtbot.waitUntil(lambda: any("damaged" in text for text in notices(window)), timeout=10_000)
    assert window.engine.state is EngineState.RUNNING
    assert not window.session_work.reviewing
