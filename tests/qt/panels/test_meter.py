"""How reliable the label is: a bar, the figure, the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ferdesk.pipeline.types import EventKind
from ferdesk.ui.state import reliability_words
from tests.qt.conftest import Bench
from tests.qt.readings import make_card, make_face, make_reading, peaked


def test_the_meter_says_figure_and_reason(judged: Bench) -> None:
    meter = judged.window.panels.distribution.meter
    assert meter.figure.text() == "Reliability –"
    judged.show(make_reading((make_face(reliability=0.87),)))
    assert meter.figure.text() == "Reliability 87 %"
    assert meter.words.text() == "Reliable enough to label (limit 54 %)"
    assert (meter.bar.value, meter.bar.threshold) == (0.87, 0.54)
    judged.show(make_reading((make_face(reliability=0.6, reason="face turned 38°"),)))
    assert meter.words.text() == "Reliable enough, but face turned 38°"
    said = meter.accessibleDescription()
    assert said == "Reliability 60 %. Reliable enough, but face turned 38°"
    judged.show(make_reading(()))
    assert meter.figure.text() == "Reliability –"
    assert meter.words.text() == ""
    assert meter.bar.value is None


def test_a_weak_expression_is_warned_of(judged: Bench) -> None:
    card = replace(make_card(), tables={"recall": {"disgust": 1 / 6, "happiness": 0.95}})
    judged.engine.card = card
    judged.tell(EventKind.CHECKPOINT_LOADED, "Using live-1 on OpenVINO CPU.")
    words = judged.window.panels.distribution.meter.words
    judged.show(make_reading((make_face(probabilities=peaked(5, 0.7), reliability=0.8),)))
    assert words.text().startswith("Weak on Disgust: 17 of 100 found. Reliable enough")
    judged.show(make_reading((make_face(reliability=0.8),), index=1))
    assert "Weak" not in words.text()


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
    bench.use_card(known=False)
    bench.run()
    panel = bench.window.panels.distribution
    for reading in (make_reading(()), make_reading()):
        bench.show(reading)
        assert panel.meter.figure.text() == reliability_words.NOT_TOLD
        assert not panel.meter.bar.isVisible()
        assert panel.meter.words.text() == ""
    assert panel.bars.headline == "Happiness"
    assert not panel.coverage.slider.isEnabled()
    assert panel.coverage.promise.text() == "Labels every face"
    assert panel.coverage.slider.toolTip() == reliability_words.NO_TABLE
    assert bench.window.live.shown.threshold == 0.0
    bench.use_card()
    assert panel.coverage.slider.isEnabled()
    assert bench.window.live.shown.threshold == 0.54
