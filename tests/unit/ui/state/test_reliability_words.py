"""How far a reading can be trusted, in words."""

from __future__ import annotations

import pytest

from ferdesk.model.reliability import RiskRow
from ferdesk.ui.state import reliability_words


@pytest.mark.parametrize(
    ("possible", "asked"),
    [
        (("Fear",), "Fear?"),
        (("Fear", "Anger"), "Fear or Anger?"),
        (("Fear", "Anger", "Disgust"), "Fear, Anger or Disgust?"),
    ],
)
def test_the_question(possible: tuple[str, ...], asked: str) -> None:
    assert reliability_words.question(possible) == asked


def test_no_mistakes_are_never_promised() -> None:
    assert reliability_words.promise(RiskRow(0.9, 0.3, 0.0)).endswith("wrong on less than 1 %")
