"""No two panels may contradict each other: over the grid of what a face can be."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.ui.paint.overlay import label_text
from ferdesk.ui.state.explanation import answers, explain
from ferdesk.ui.state.shown import Shown
from ferdesk.ui.state.verdict import judge, weaknesses
from tests.qt.readings import make_card, make_face, make_reading, peaked, purified

SETS = ((), ("fear",), ("fear", "surprise"), ("fear", "surprise", "anger"))
REASONS = ("", "no expression stands out", "face turned 38°")
GRID = list(itertools.product((None, 0.2, 0.53, 0.55, 0.9), (0.0, 0.54, 0.8), SETS, REASONS))


@pytest.mark.parametrize("frame", [1, 2, 6])
def test_no_part_denies_another(frame: int) -> None:
    """The answer to this frame alone may differ from what is shown smoothed over time."""
    single = purified(peaked(frame, 0.5), peaked(frame, 0.5), peaked(frame, 0.5))
    for reliability, threshold, possible, reason in GRID:
        face = make_face(
            answer=single,
            probabilities=peaked(6, 0.41),
            reliability=reliability,
            reason=reason if reliability is not None and reliability < 0.75 else "",
            prediction_set=possible,
        )
        verdict = judge(face, threshold)
        pill = label_text(face, threshold)
        final = answers(face)[-1]
        withheld = reliability is not None and reliability < threshold
        assert (verdict.label is None) is withheld
        assert pill.startswith(verdict.headline)
        assert np.array_equal(final.distribution, face.probabilities)
        assert EXPRESSIONS[final.winner] == "fear" == face.label
        assert verdict.possible[0] == "Fear"
        if withheld:
            assert verdict.headline == "Unsure"
            assert verdict.aside.endswith("?")
            assert verdict.reason.startswith("Not reliable enough")
            assert explain(face, threshold).endswith("Not reliable enough to label.")
        else:
            assert verdict.headline == "Fear"
            assert "?" not in verdict.aside
            assert "Not reliable" not in verdict.reason + explain(face, threshold)
            assert "41 %" in pill
            assert verdict.share == pytest.approx(0.41)
        if reliability is not None and reliability >= 0.75:
            assert "stands out" not in verdict.reason


def test_the_question() -> None:
    face = make_face(probabilities=peaked(6, 0.4), reliability=0.1)
    for others, asked in (
        ((), "Fear?"),
        (("fear", "anger"), "Fear or Anger?"),
        (("fear", "anger", "disgust"), "Fear, Anger or Disgust?"),
    ):
        assert judge(replace(face, prediction_set=others), 0.5).aside == asked


def test_a_weak_expression_is_named_with_what_was_measured() -> None:
    card = replace(make_card(), tables={"recall": {"disgust": 1 / 6, "fear": 0.66, "anger": "x"}})
    weak = weaknesses(card)
    assert dict(weak) == {"disgust": 1 / 6}
    face = make_face(probabilities=peaked(5, 0.8), reliability=0.9)
    assert judge(face, 0.5, weak).caution == "Weak on Disgust: 17 of 100 found"
    assert judge(make_face(), 0.5, weak).caution == ""
    assert not weaknesses(make_card())
    assert not weaknesses(replace(card, tables={"recall": "nonsense"}))


def test_words_lag_behind_but_never_change_the_face() -> None:
    now, before = make_face(probabilities=peaked(1, 0.8)), make_face(probabilities=peaked(1, 0.6))
    shown = Shown(make_reading((now,)), 1, written=make_reading((before,)))
    assert shown.written_face is before
    assert replace(shown, written=make_reading(())).written_face is now
    assert replace(shown, selected=2).written_face is None
    verdict = shown.verdict
    assert verdict is not None
    assert verdict.share == pytest.approx(0.6)
    assert verdict.headline == DISPLAY_NAMES["happiness"]
