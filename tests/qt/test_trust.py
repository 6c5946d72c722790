"""How far a reading can be trusted: meter, unsure labels, sets, and the slider."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ferdesk.commands.analyze import operating_point
from ferdesk.model.reliability import RiskRow
from ferdesk.pipeline.types import EventKind
from ferdesk.ui.paint.overlay import OverlayOptions, annotate, label_colour, label_text
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS
from ferdesk.ui.panels.bands import runs
from ferdesk.ui.state import reliability_words as trust
from ferdesk.ui.state.settings import Settings, SettingsStore, parse
from ferdesk.ui.state.shown import Shown
from tests.qt.conftest import Bench
from tests.qt.fakes import TABLE, make_card, make_face, make_reading, peaked

BOTH = ("fear", "surprise")
REASON = "two expressions equally likely: Fear and Surprise"


@pytest.fixture
def judged(build_bench: Callable[..., Bench]) -> Bench:
    """A window whose checkpoint knows its own mistakes, at the default operating point."""
    bench = build_bench()
    use_card(bench)
    bench.run()
    return bench


def use_card(bench: Bench, known: bool = True) -> None:
    bench.engine.card = make_card(TABLE if known else None)
    bench.tell(EventKind.CHECKPOINT_LOADED, "Using live-1 on OpenVINO CPU.")


def test_the_meter_says_figure_and_reason(judged: Bench) -> None:
    meter = judged.window.panels.distribution.meter
    assert meter.figure.text() == "Reliability –"
    judged.show(make_reading((make_face(reliability=0.87),)))
    assert meter.figure.text() == "Reliability 87 %"
    assert meter.words.text() == "Above your limit of 54 %"
    assert (meter.bar.value, meter.bar.threshold) == (0.87, 0.54)
    judged.show(make_reading((make_face(reliability=0.6, reason="face turned 38°"),)))
    assert meter.words.text() == "Face turned 38°"
    said = meter.accessibleDescription()
    assert said == "Reliability 60 %. Face turned 38°. Above your limit of 54 %"
    judged.show(make_reading(()))
    assert meter.figure.text() == "Reliability –"
    assert meter.words.text() == ""
    assert meter.bar.value is None


def test_the_meter_does_not_need_colours(judged: Bench) -> None:
    """Hollow below the limit, filled above it."""
    panel = judged.window.panels.distribution

    def middle(reliability: float) -> str:
        judged.show(make_reading((make_face(reliability=reliability),)))
        image = panel.meter.bar.grab().toImage()
        return image.pixelColor(image.width() // 8, (image.height() + 3) // 2).name()

    empty = middle(0.01)
    assert middle(0.5) == empty
    assert middle(0.6) != empty


def test_a_checkpoint_without_a_figure_says_so(build_bench: Callable[..., Bench]) -> None:
    bench = build_bench()
    use_card(bench, known=False)
    bench.run()
    panel = bench.window.panels.distribution
    for reading in (make_reading(()), make_reading()):
        bench.show(reading)
        assert panel.meter.figure.text() == trust.NOT_TOLD
        assert not panel.meter.bar.isVisible()
        assert panel.meter.words.text() == ""
    assert panel.bars.headline == "Happiness"
    assert not panel.coverage.slider.isEnabled()
    assert panel.coverage.promise.text() == "Answers every face"
    assert panel.coverage.slider.toolTip() == trust.NO_TABLE
    assert bench.window.live.shown.threshold == 0.0
    use_card(bench)
    assert panel.coverage.slider.isEnabled()
    assert bench.window.live.shown.threshold == 0.54


def test_below_the_limit_there_is_no_winner(judged: Bench) -> None:
    bars = judged.window.panels.distribution.bars
    likely = peaked(6, 0.4)
    face = make_face(probabilities=likely, reliability=0.53, reason=REASON, prediction_set=BOTH)
    judged.show(make_reading((face,)))
    assert (bars.headline, bars.aside) == ("Unsure", "Fear or Surprise?")
    assert bars.accessibleDescription().startswith("Unsure. Fear or Surprise? Neutral 10 %")
    assert bars._winner is None
    assert bars._possible == {2, 6}
    assert judged.window.panels.distribution.meter.words.text() == REASON.capitalize().replace(
        "fear and surprise", "Fear and Surprise"
    )
    judged.show(make_reading((replace(face, reliability=0.54),)))
    assert (bars.headline, bars.aside) == ("Fear", "Could be: Fear, Surprise")
    assert "nine faces in ten" in bars.toolTip()
    judged.show(make_reading((replace(face, reliability=0.54, prediction_set=("fear",)),)))
    assert (bars.headline, bars.aside, bars._possible) == ("Fear", "", frozenset())
    assert "nine faces in ten" not in bars.toolTip()


@pytest.mark.parametrize(
    ("possible", "asked"),
    [
        (("Fear",), "Fear?"),
        (("Fear", "Anger"), "Fear or Anger?"),
        (("Fear", "Anger", "Disgust"), "Fear, Anger or Disgust?"),
    ],
)
def test_the_question(possible: tuple[str, ...], asked: str) -> None:
    assert trust.question(possible) == asked


@pytest.mark.parametrize("size", [(900, 600), (1280, 800)])
def test_long_sets_stay_inside_their_line(judged: Bench, size: tuple[int, int]) -> None:
    judged.window.resize(*size)
    everything = ("happiness", "surprise", "neutral", "sadness", "disgust", "anger", "fear")
    bars = judged.window.panels.distribution.bars
    for reliability in (0.2, 0.9):
        face = make_face(reliability=reliability, prediction_set=everything)
        judged.show(make_reading((face,)))
        assert not bars.grab().isNull()
        assert bars.aside.count(",") >= 5


def test_the_label_over_the_face_and_snapshots_follow(judged: Bench) -> None:
    face = make_face(face_id=2, reliability=0.5, prediction_set=BOTH)
    assert label_text(face, 0.0) == "Happiness  73 %"
    assert label_text(face, 0.54) == "Unsure"
    assert label_text(face, 0.54, numbered=True) == "2 · Unsure"
    assert label_colour(face, 0.5) == EXPRESSION_QCOLORS[1]
    assert label_colour(face, 0.54) not in EXPRESSION_QCOLORS
    reading = make_reading((face,))
    told, withheld = (annotate(Shown(reading, 2, t), OverlayOptions()) for t in (0.0, 0.54))
    assert told != withheld
    judged.show(reading)
    assert annotate(judged.window.live.shown, judged.video.options) == withheld


def test_the_slider_reads_the_table(judged: Bench) -> None:
    panel, slider = judged.window.panels.distribution, judged.window.panels.distribution.coverage
    assert (slider.slider.minimum(), slider.slider.maximum()) == (0, 4)
    assert slider.slider.value() == 1
    assert slider.promise.text() == "Answers 90 % of faces, expected to be wrong on 10 %"
    judged.show(make_reading((make_face(reliability=0.8),)))
    slider.slider.setValue(3)
    assert slider.promise.text() == "Answers 60 % of faces, expected to be wrong on 4 %"
    assert slider.slider.accessibleDescription() == slider.promise.text()
    assert panel.bars.headline == "Unsure"
    assert panel.meter.words.text() == "Below your limit of 85 %"
    assert judged.window.live.shown.threshold == 0.85
    slider.slider.setValue(0)
    assert slider.promise.text() == "Answers every face, expected to be wrong on 15 %"
    assert panel.bars.headline == "Happiness"
    slider.slider.setValue(4)
    assert "less than 1 %" in slider.promise.text()
    assert "Live video may differ" in slider.slider.toolTip()


def test_the_slider_works_by_keyboard_and_is_remembered(judged: Bench, qtbot: QtBot) -> None:
    slider = judged.window.panels.distribution.coverage.slider
    slider.setFocus(Qt.FocusReason.TabFocusReason)
    assert slider.hasFocus()
    assert "wrong less" in slider.accessibleName()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    store = judged.window.store
    assert store.value.coverage == 0.8
    assert json.loads(store.path.read_text())["coverage"] == 0.8
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert SettingsStore().value.coverage == 1.0


def test_the_chosen_coverage_holds_for_the_next_checkpoint(
    build_bench: Callable[..., Bench],
) -> None:
    bench = build_bench(coverage=0.8)
    coverage = bench.window.panels.distribution.coverage
    assert coverage.slider.toolTip() == trust.NO_CHECKPOINT
    use_card(bench)
    assert coverage.threshold == 0.69
    # A coverage that no row has: the next that answers more.
    bench.window.store.update(coverage=0.75)
    assert coverage.threshold == 0.69
    # Chosen by hand in the file, beyond the end of the slider.
    bench.window.store.update(coverage=0.1)
    assert coverage.threshold == bench.window.live.shown.threshold == 0.97


def test_window_and_command_line_have_the_same_limit(judged: Bench) -> None:
    coverage = judged.window.panels.distribution.coverage
    for place in range(coverage.slider.maximum() + 1):
        coverage.slider.setValue(place)
        row = trust.steps(TABLE)[place]
        assert operating_point(make_card(), row.coverage) == coverage.threshold


@pytest.mark.parametrize("value", [0, -1, 1.5, "much", True, float("nan")])
def test_an_impossible_coverage_is_refused(value: object) -> None:
    settings, refused = parse({"coverage": value})
    assert settings == Settings()
    assert refused == ["coverage"]


def test_no_mistakes_are_never_promised() -> None:
    assert trust.promise(RiskRow(0.9, 0.3, 0.0)).endswith("wrong on less than 1 %")


def test_the_timeline_marks_what_was_unsure(judged: Bench) -> None:
    now = time.perf_counter()
    faces: list[tuple[float | None, float]] = [(0.9, 0.5), (0.3, 0.4), (0.2, 0.3), (0.7, 0.2)]
    for index, (reliability, ago) in enumerate(faces):
        face = make_face(reliability=reliability)
        judged.show(make_reading((face,), index=index, captured_at=now - ago))
    plot = judged.window.panels.timeline.plot
    assert len(plot.bands.runs) == 1
    begin, end = plot.bands.runs[0]
    assert end - begin == pytest.approx(0.2, abs=1e-3)
    # Another limit is applied to what was seen before, too.
    judged.window.panels.distribution.coverage.slider.setValue(0)
    judged.window.live.refresh_plots()
    assert plot.bands.runs == []
    plot._describe(float(plot._x[1]))
    assert "unsure" not in plot._readout.text()
    judged.window.panels.distribution.coverage.slider.setValue(1)
    judged.window.live.refresh_plots()
    plot._describe(float(plot._x[1]))
    assert "unsure" in plot._readout.text()


def test_runs_last_until_the_next_reading() -> None:
    x = np.arange(6.0)
    assert runs(x, np.array([0, 1, 1, 0, 0, 1], bool)) == [(1.0, 3.0), (5.0, 5.0)]
    assert runs(x, np.zeros(6, bool)) == []
    assert runs(x[:0], np.zeros(0, bool)) == []
    assert runs(x, np.ones(6, bool)) == [(0.0, 5.0)]
