"""The purification in plain words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ferdesk.ui.state.explanation import answers, decidedness, explain
from tests.qt.readings import make_face, peaked, purified

BOTH = "Nearest examples and attention check "


@pytest.mark.parametrize(
    ("p", "g", "a", "start"),
    [
        (
            (1, 0.9),
            (1, 0.6),
            (1, 0.5),
            BOTH + "agree with the first guess: Happiness",
        ),
        (
            (2, 0.95),
            (6, 0.5),
            (6, 0.4),
            BOTH + "point to Fear; the first guess Surprise",
        ),
        (
            (2, 0.3),
            (6, 0.9),
            (6, 0.9),
            BOTH + "point to Fear; Fear outweighs the first",
        ),
        ((2, 0.95), (6, 0.5), (2, 0.6), "The nearest examples point to Fear; everything else"),
        ((2, 0.95), (2, 0.6), (4, 0.5), "The attention check points to Anger; everything else"),
        ((2, 0.95), (6, 0.5), (4, 0.4), "The nearest examples point to Fear, the attention check "),
        ((2, 0.3), (6, 0.95), (4, 0.4), "The nearest examples point to Fear, the attention check "),
    ],
)
def test_sentences(
    p: tuple[int, float], g: tuple[int, float], a: tuple[int, float], start: str
) -> None:
    text = explain(make_face(answer=purified(peaked(*p), peaked(*g), peaked(*a))))
    assert text.startswith(start)
    assert text.endswith(".")


def test_certainty_is_claimed_only_when_it_is_there() -> None:
    surer = purified(peaked(2, 0.9), peaked(6, 0.5), peaked(6, 0.5))
    assert "because it is more decided" in explain(make_face(answer=surer))
    base = purified(peaked(2, 0.5), peaked(6, 0.6), peaked(6, 0.6))
    forced = replace(base, final=peaked(2, 0.6))
    assert "more decided" not in explain(make_face(answer=forced))


def test_close_calls_are_said() -> None:
    q = np.array([0.0, 0.42, 0.38, 0.05, 0.05, 0.05, 0.05], np.float32)
    face = make_face(answer=purified(q, q, q))
    assert explain(face).endswith("It is close between Happiness and Surprise.")


def test_decidedness() -> None:
    assert decidedness(np.full(7, 1 / 7)) == pytest.approx(0, abs=1e-6)
    assert decidedness(np.eye(7)[2]) == pytest.approx(1, abs=1e-5)


def test_the_shape_of_the_face_is_heard_where_the_checkpoint_has_it() -> None:
    plain = make_face()
    assert [a.view.title for a in answers(plain)][-2:] == ["Combined check", "Final"]
    assert "shape" not in explain(plain)
    told = replace(plain.purified, p_lm=peaked(3, 0.7), c_lm=np.float32(0.4))
    face = replace(plain, purified=told)
    assert [a.view.title for a in answers(face)][-3:] == [
        "Shape of the face",
        "Combined check",
        "Final",
    ]
    assert "The shape of the face alone says Sadness." in explain(face)
