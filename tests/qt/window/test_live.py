"""What the window shows of the readings that it takes from the engine, and of their absence."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from ferdesk.pipeline.types import EngineState, EventKind
from ferdesk.sources.base import Frame
from ferdesk.ui.paint.overlay import label_text
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading, peaked, picture, purified


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
    qtbot.waitUntil(lambda: not bench.window.live.in_real_time)
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
