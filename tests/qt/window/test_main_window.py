"""The window as a person uses it."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import EngineState, EventKind
from ferdesk.sources.base import Frame
from ferdesk.ui.paint.overlay import label_text
from tests.qt.conftest import Bench
from tests.qt.fakes import FakeEngine
from tests.qt.readings import Wandering, make_face, make_reading, peaked, picture, purified


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
        colours = np.unique((seen // 24).reshape(-1, 3), axis=0)
        assert seen.std() > 8, panel.accessibleName()
        assert len(colours) > 12, panel.accessibleName()
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


def test_the_numbers_are_those_of_the_reading(bench: Bench) -> None:
    bench.run()
    face = make_face(probabilities=peaked(4, 0.72))
    bench.show(make_reading((face,)))
    text = bench.window.panels.distribution.bars.accessibleDescription()
    assert "Anger 72 %" in text
    table = bench.window.panels.purification.table.accessibleDescription()
    assert "First guess: Happiness" in table
    assert "Final: Anger" in table
    assert "smoothed over time, Anger leads" in bench.window.panels.purification.sentence.text()


def test_no_face_is_said_and_interrupts_the_curves(bench: Bench) -> None:
    bench.run()
    now = time.perf_counter()
    bench.show(make_reading(captured_at=now - 0.3))
    bench.show(make_reading((), index=1, captured_at=now - 0.2))
    assert bench.window.panels.distribution.bars.accessibleDescription() == "No face in view"
    assert bench.video.accessibleDescription() == "No face in view"
    bench.show(make_reading(index=2, captured_at=now - 0.1))
    _, y = bench.window.panels.timeline.plot.curves[1].getData()
    assert np.isnan(y).tolist() == [False, True, False]


def test_redraws_do_not_depend_on_the_model(bench: Bench, qtbot: QtBot) -> None:
    """The picture is drawn again and again without any new reading."""
    bench.run()
    bench.show(make_reading())
    counted = bench.video.redraws
    qtbot.waitUntil(lambda: bench.video.redraws - counted >= 20, timeout=10_000)
    assert bench.video.redraws_per_second() > 0


def test_latency_is_measured_when_the_picture_is_drawn(bench: Bench) -> None:
    bench.run()
    captured = time.perf_counter() - 0.5
    bench.show(make_reading(captured_at=captured))
    longest = (time.perf_counter() - captured) * 1000
    latency = bench.video.latency_ms()
    assert latency is not None
    assert 500 <= latency <= longest
    bench.window.live.refresh_status()
    assert bench.window.panels.status.latency.text() == f"latency {latency:.0f} ms"


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


def test_a_pause_is_a_gap(bench: Bench) -> None:
    bench.run()
    bench.show(make_reading())
    bench.window.commands["pause"].trigger()
    bench.window.commands["pause"].trigger()
    bench.show(make_reading(index=1))
    _, y = bench.window.panels.timeline.plot.curves[1].getData()
    assert np.isnan(y).tolist() == [False, True, False]


def test_the_curves_of_a_file_keep_the_time_of_the_file(bench: Bench, qtbot: QtBot) -> None:
    """Readings half a minute apart on the clock, but a frame apart in the file."""
    bench.run()
    bench.window.sources.open("sample")
    qtbot.waitUntil(lambda: len(bench.engine.started) == 2)
    qtbot.waitUntil(lambda: not bench.window.live._in_real_time)
    now = time.perf_counter()
    bench.show(make_reading(index=0, captured_at=now - 30))
    bench.window.commands["pause"].trigger()
    bench.window.commands["pause"].trigger()
    bench.show(make_reading(index=1, captured_at=now))
    x, y = bench.window.panels.timeline.plot.curves[1].getData()
    assert np.diff(x) == pytest.approx([1 / 30])
    assert not np.isnan(y).any()


def test_no_part_of_the_window_denies_another_when_the_answer_changes(judged: Bench) -> None:
    """Without waiting for the next time that words are brought up to date."""
    happy = make_face(probabilities=peaked(1, 0.7), reliability=0.8)
    afraid = make_face(
        probabilities=peaked(6, 0.4), reliability=0.3, prediction_set=("fear", "sadness")
    )
    live, panels = judged.window.live, judged.window.panels
    live.stop()
    for face, headline in ((happy, "Happiness"), (afraid, "Unsure"), (happy, "Happiness")):
        judged.engine.feed(make_reading((face,)))
        live.tick()
        assert panels.distribution.bars.headline == headline
        assert f"Final: {headline}," in panels.purification.table.accessibleDescription()
        assert label_text(live.shown.as_written(face), 0.54).startswith(headline)
        enough = panels.distribution.meter.words.text().startswith("Reliable enough")
        assert enough is (headline == "Happiness")


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


def test_every_frame_is_shown_only_when_asked(bench: Bench, qtbot: QtBot) -> None:
    bench.run()
    reading = make_reading()
    bench.show(reading)
    late = Frame(picture(), 5, 0.2, time.perf_counter())
    bench.window.commands["every_frame"].trigger()
    bench.engine.feed_preview(late)
    qtbot.waitUntil(lambda: bench.video._frame is late)
    bench.window.commands["every_frame"].trigger()
    assert bench.video._frame is reading.frame


def test_frames_are_shown_while_the_network_is_being_loaded(bench: Bench, qtbot: QtBot) -> None:
    bench.window.live.start()
    frame = Frame(picture(), 0, 0.0, time.perf_counter())
    bench.engine.feed_preview(frame)
    qtbot.waitUntil(lambda: bench.video._frame is frame)
    assert bench.window.live.shown.reading is None


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


def test_a_source_that_falls_silent_is_noticed(
    bench: Bench, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run()
    bench.show(make_reading())
    monkeypatch.setattr("ferdesk.ui.window.live._SILENCE", 0.05)
    quiet = bench.engine.stats()

    def stats() -> object:
        return type(quiet)(
            quiet.state, 0.0, 0.0, 0.0, 0, 0, quiet.source, quiet.device, quiet.checkpoint
        )

    monkeypatch.setattr(bench.engine, "stats", stats)
    qtbot.waitUntil(lambda: bench.video._veil == "No signal")
    bench.show(make_reading(index=1))
    monkeypatch.setattr(bench.engine, "stats", lambda: quiet)
    qtbot.waitUntil(lambda: bench.video._veil == "")


def test_a_camera_that_comes_back_keeps_its_curves(bench: Bench) -> None:
    bench.run()
    bench.show(make_reading())
    bench.tell(EventKind.STATE, "Waiting for Camera A …", EngineState.STARTING)
    assert bench.video._veil == "No signal"
    bench.tell(EventKind.SOURCE_OPENED, "Camera A is back.", EngineState.STARTING)
    bench.tell(EventKind.STATE, "Running.", EngineState.RUNNING)
    assert bench.video._veil == ""
    bench.show(make_reading(index=1))
    _, y = bench.window.panels.timeline.plot.curves[1].getData()
    assert np.isnan(y).tolist() == [False, True, False]


def test_another_source_starts_with_empty_curves(bench: Bench, qtbot: QtBot) -> None:
    bench.run()
    bench.show(make_reading())
    bench.tell(EventKind.STATE, "Stopped.", EngineState.STOPPED)
    bench.window.sources.open("camera:1")
    qtbot.waitUntil(lambda: len(bench.engine.started) == 2)
    qtbot.waitUntil(lambda: bench.window.live.shown.reading is None)
    bench.show(make_reading(index=1))
    assert bench.window.panels.timeline.plot._x.size == 1


def test_before_the_first_reading_nothing_is_claimed(bench: Bench) -> None:
    bench.run()
    bars = bench.window.panels.distribution.bars
    assert bars.accessibleDescription() == "Waiting …"


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


def test_hover_reads_the_values(bench: Bench, qtbot: QtBot) -> None:
    bench.run()
    now = time.perf_counter()
    for index in range(5):
        bench.show(make_reading(index=index, captured_at=now - 1 + index * 0.2))
    plot = bench.window.panels.timeline.plot
    box = plot.item.getViewBox()
    plot._hover(box.mapViewToScene(QPointF(float(plot._x[2]), 0.5)))
    assert plot._readout.isVisible()
    assert "Happiness" in plot._readout.text()


def test_explanations_follow_the_reading(bench: Bench) -> None:
    bench.run()
    answer = purified(peaked(2, 0.9), peaked(6, 0.5), peaked(6, 0.5))
    bench.show(make_reading((make_face(answer=answer),)))
    text = bench.window.panels.purification.sentence.text()
    assert text.startswith(
        "Nearest examples and attention check point to Fear; the first guess Sur"
    )


def test_closing_is_quick_when_the_engine_hangs(bench: Bench) -> None:
    bench.run()
    bench.engine.hang = 30.0
    begun = time.perf_counter()
    bench.window.close()
    assert time.perf_counter() - begun < 2.0
    assert not bench.window.isVisible()


@pytest.mark.parametrize("state", [EngineState.STARTING, EngineState.FAULTED])
def test_events_after_closing_do_no_harm(bench: Bench, qtbot: QtBot, state: EngineState) -> None:
    bench.window.close()
    bench.tell(EventKind.ERROR, "too late", state)
    assert bench.notices() == []
    assert isinstance(bench.engine, FakeEngine)
    assert bench.engine.closed_with == pytest.approx(1.5)
    qtbot.wait(0)
