"""The bars: no winner below the limit, and what else is possible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading, peaked

BOTH = ("fear", "surprise")
REASON = "two expressions equally likely: Fear and Surprise"
SHORT = "Not reliable enough: two expressions equally likely"


def test_below_the_limit_there_is_no_winner(judged: Bench) -> None:
    bars = judged.window.panels.distribution.bars
    likely = peaked(6, 0.4)
    face = make_face(probabilities=likely, reliability=0.53, reason=REASON, prediction_set=BOTH)
    judged.show(make_reading((face,)))
    assert (bars.headline, bars.aside) == ("Unsure", "Fear or Surprise?")
    assert bars.accessibleDescription().startswith("Unsure. Fear or Surprise? Neutral 10 %")
    assert bars._winner is None
    assert bars._possible == {2, 6}
    assert judged.window.panels.distribution.meter.words.text() == SHORT
    judged.show(make_reading((replace(face, reliability=0.54),)))
    assert (bars.headline, bars.aside) == ("Fear", "also possible: Surprise")
    assert "nine faces in ten" in bars.toolTip()
    judged.show(make_reading((replace(face, reliability=0.54, prediction_set=("fear",)),)))
    assert (bars.headline, bars.aside, bars._possible) == ("Fear", "", frozenset())
    assert "nine faces in ten" not in bars.toolTip()


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
