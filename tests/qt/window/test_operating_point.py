"""From the wish for answers and the checkpoint's table to one limit everywhere."""

from __future__ import annotations

from collections.abc import Callable

from ferdesk.commands.analyze.operating_point import operating_point
from ferdesk.ui.state import reliability_words
from tests.qt.conftest import Bench
from tests.qt.readings import TABLE, make_card


def test_the_chosen_coverage_holds_for_the_next_checkpoint(
    build_bench: Callable[..., Bench],
) -> None:
    bench = build_bench(coverage=0.8)
    coverage = bench.window.panels.distribution.coverage
    assert coverage.slider.toolTip() == reliability_words.NO_CHECKPOINT
    bench.use_card()
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
        row = reliability_words.steps(TABLE)[place]
        assert operating_point(make_card(), row.coverage) == coverage.threshold
