"""The window as a person uses it: its panels, keys, notices, and its end."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import EngineState, EventKind
from tests.qt.conftest import Bench
from tests.qt.fakes import FakeEngine
from tests.qt.readings import Wandering, make_face, make_reading, peaked


def pixels(widget: QWidget) -> np.ndarray:
    """(H, W, 3) uint8 of what the widget looks like."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (900, 600)])
def test_every_panel_is_drawn(
    build_bench: Callable[..., Bench], qtbot: QtBot, theme: str, size: tuple[int, int]
) -> None:
    bench = build_bench(theme=theme, show_mesh=True, show_pose=True, script=Wandering())
    bench.window.resize(*size)
    bench.run()
    qtbot.waitUntil(lambda: bench.engine._index >= 12, timeout=10_000)
    bench.window.live.refresh_plots()
    bench.window.live.refresh_numbers()
    panels = bench.window.panels
    for panel in (panels.video, panels.distribution, panels.timeline, panels.purification):
        seen = pixels(panel)
        colours = np.bincount((seen // 24).reshape(-1, 3) @ np.array([121, 11, 1]))
        assert seen.std() > 8, panel.accessibleName()
        assert np.count_nonzero(colours) > 12, panel.accessibleName()
    whole = pixels(bench.window)
    assert whole.shape[:2] == (size[1], size[0])
    corner = whole[-3, 3].mean()
    assert corner < 60 if theme == "dark" else corner > 200


def test_nothing_leaves_its_panel_at_the_smallest_size(bench: Bench) -> None:
    bench.window.resize(1, 1)
    assert bench.window.width() == 900
    assert bench.window.height() == 600
    bench.run()
    bench.show(make_reading())
    for panel in (
        bench.window.panels.distribution,
        bench.window.panels.timeline,
        bench.window.panels.purification,
    ):
        inside = panel.rect().adjusted(0, 0, 1, 1)
        parts = [w for w in panel.findChildren(QWidget) if w.parent() is panel and w.isVisible()]
        for part in parts:
            assert inside.contains(part.geometry()), (panel.accessibleName(), part)
        for a in parts:
            for b in parts:
                assert a is b or not a.geometry().intersects(b.geometry()), (a, b)


def test_status_bar_names_everything(bench: Bench) -> None:
    bench.engine.dropped = 7
    bench.run()
    bench.window.live.refresh_status()
    status = bench.window.panels.status
    assert status.source.text().startswith("Integrated Camera")
    assert status.dropped.text() == "dropped 7"
    assert status.device.text() == "OpenVINO CPU"
    assert status.checkpoint.text() == "live-1"
    assert all(w.toolTip() for w in (status.rate, status.latency, status.dropped, status.device))


def test_pause_by_keyboard_and_resume(bench: Bench, qtbot: QtBot) -> None:
    bench.run()
    bench.video.setFocus()
    qtbot.keyClick(bench.video, Qt.Key.Key_Space)
    assert bench.engine.paused
    assert bench.window.commands["pause"].text() == "Resume"
    assert bench.window.panels.status.state.text() == "Paused"
    qtbot.keyClick(bench.video, Qt.Key.Key_Space)
    assert not bench.engine.paused


def test_space_presses_the_button_that_has_the_focus(bench: Bench, qtbot: QtBot) -> None:
    bench.run()
    chip = bench.window.panels.timeline.chips[2]
    chip.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(chip, Qt.Key.Key_Space)
    assert not chip.isChecked()
    assert not bench.engine.paused
    assert not bench.window.panels.timeline.plot.curves[2].isVisible()


def test_reset_forgets_in_engine_and_window(bench: Bench) -> None:
    bench.run()
    bench.show(make_reading())
    bench.window.commands["reset"].trigger()
    assert bench.engine.resets == 1
    assert bench.window.live.shown.reading is None
    assert bench.window.panels.timeline.plot._x.size == 0


def test_choosing_between_faces(bench: Bench, qtbot: QtBot) -> None:
    faces = tuple(
        make_face(i, centre=(110.0 + 190 * (i - 1), 240.0), size=160, probabilities=peaked(i))
        for i in (1, 2, 3)
    )
    bench.run()
    bench.show(make_reading((faces[1], faces[0], faces[2])))
    panel = bench.window.panels.distribution
    assert panel.which.text() == "Face 2 of 3"
    frame_map = bench.video._map()
    assert frame_map is not None
    spot = frame_map.rect(faces[2].landmarks.box).center().toPoint()
    qtbot.mouseClick(bench.video, Qt.MouseButton.LeftButton, pos=spot)
    assert panel.which.text() == "Face 3 of 3"
    assert bench.window.live.shown.selected == 3
    bench.window.commands["next_face"].trigger()
    assert panel.which.text() == "Face 1 of 3"
    assert bench.window.live.shown.face is faces[0]
    bench.window.commands["previous_face"].trigger()
    assert panel.which.text() == "Face 3 of 3"
    qtbot.mouseClick(bench.video, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert panel.which.text() == "Face 3 of 3"
    bench.show(make_reading((faces[0],), index=1))
    assert not bench.window.commands["next_face"].isEnabled()
    assert "only one face" in bench.window.commands["next_face"].toolTip()


def test_a_fault_is_told_once_and_the_window_goes_on(bench: Bench) -> None:
    bench.run()
    bench.show(make_reading())
    sentence = "The camera 'A' was unplugged; connect it again."
    for _ in range(50):
        bench.tell(EventKind.ERROR, sentence, EngineState.FAULTED)
    assert bench.notices() == [sentence]
    assert bench.window.toasts.toasts[0].count == 50
    assert bench.video._veil == "No signal"
    bench.engine.start(bench.engine.started[0][0])
    bench.tell(EventKind.STATE, "Running.", EngineState.RUNNING)
    assert bench.video._veil == ""
    bench.show(make_reading(index=1))


def test_states_are_said_in_the_picture(bench: Bench) -> None:
    assert bench.video._heading == "Nothing is playing"
    bench.tell(EventKind.STATE, "Opening Camera A …", EngineState.STARTING)
    assert bench.video._heading == "Opening Camera A …"
    assert bench.window.panels.status.state.text() == "Opening Camera A …"
    assert pixels(bench.video).std() > 2


def test_the_end_of_a_file_is_said(bench: Bench) -> None:
    bench.run()
    bench.show(make_reading())
    bench.tell(EventKind.SOURCE_ENDED, "clip.mp4 was played to its end.", EngineState.STOPPED)
    assert "clip.mp4 was played to its end." in bench.video._notice
    assert "F5" in bench.video._notice


def test_panels_can_be_hidden(bench: Bench) -> None:
    panels = bench.window.panels
    for name, panel in (
        ("show_distribution", panels.distribution),
        ("show_purification", panels.purification),
        ("show_timeline", panels.timeline),
        ("show_toolbar", bench.window.toolbar),
        ("show_log", panels.log),
    ):
        action = bench.window.commands[name]
        before = panel.isVisible()
        action.trigger()
        assert panel.isVisible() is not before, name
    assert not bench.window.division.right.isVisible()


def test_closing_is_quick_when_the_engine_hangs(bench: Bench) -> None:
    bench.run()
    bench.engine.hang = 30.0
    begun = time.perf_counter()
    bench.window.close()
    assert time.perf_counter() - begun < 15.0
    assert not bench.window.isVisible()


@pytest.mark.parametrize("state", [EngineState.STARTING, EngineState.FAULTED])
def test_events_after_closing_do_no_harm(bench: Bench, qtbot: QtBot, state: EngineState) -> None:
    bench.window.close()
    bench.tell(EventKind.ERROR, "too late", state)
    assert bench.notices() == []
    assert isinstance(bench.engine, FakeEngine)
    assert bench.engine.closed_with == pytest.approx(1.5)
    qtbot.wait(0)
