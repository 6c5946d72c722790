"""The promise: an exact bound, for all rows together, on faces nothing was fitted on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from trainer.confidence.promise import independent, kept, promised, upper_bound
from trainer.data.packed import PackedSet


@pytest.mark.parametrize(
    ("wrong", "n", "doubt", "bound"),
    [
        (0, 100, 0.05, 1 - 0.05 ** (1 / 100)),  # the rule of three, exactly
        (5, 100, 0.025, 0.1128),  # upper end of the two-sided 95 % interval, as tables print it
        (10, 10, 0.05, 1.0),
        (0, 1, 0.05, 0.95),
    ],
)
def test_clopper_and_pearson_by_hand(wrong: int, n: int, doubt: float, bound: float) -> None:
    assert upper_bound(wrong, n, doubt) == pytest.approx(bound, abs=1e-4)


def faces(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Reliabilities, and answers that are right as often as these say."""
    random = np.random.default_rng(seed)
    chances = random.beta(5, 1.2, n)
    return chances, random.random(n) < chances


def test_rows_promise_less_and_less() -> None:
    table = promised(*faces(2000, 0))
    assert table.rows[0].threshold == 0.0
    assert table.rows[0].coverage == 1.0
    bounds = [row.at_most for row in table.rows]
    assert all(a > b for a, b in itertools.pairwise(bounds))  # type: ignore[operator]
    assert all(row.at_most > row.error for row in table.rows)  # type: ignore[operator]
    assert len(table.rows) > 8


def test_a_row_that_cannot_be_promised_is_not_offered() -> None:
    """Among the few surest of these faces half are wrong: no use in answering only them."""
    chances = np.linspace(0, 1, 1000)
    correct = np.ones(1000, bool)
    correct[-100::2] = False
    rows = promised(chances, correct).rows
    assert [round(row.coverage, 2) for row in rows] == [1.0]


def test_the_promise_is_kept_on_other_faces_nearly_always() -> None:
    """All rows hold together in at least 95 of 100 worlds."""
    broken = 0
    for world in range(100):
        table = promised(*faces(400, world))
        chances, correct = faces(40_000, 1000 + world)
        broken += any(r["error"] > r["promised"] for r in kept(table, chances, correct))
    assert broken <= 5


def test_faces_of_equal_reliability_are_answered_together() -> None:
    table = promised(np.array([0.9] * 500 + [0.5] * 500), np.array([True] * 750 + [False] * 250))
    assert [round(r.coverage, 2) for r in table.rows] == [1.0, 0.5]


def test_near_copies_of_training_pictures_are_left_out() -> None:
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (6, 7, 7, 3)).astype(np.uint8)
    crops = coarse.repeat(16, axis=1).repeat(16, axis=2)
    crops[4] = np.clip(crops[0].astype(int) + random.integers(-2, 3, crops[0].shape), 0, 255)
    crops[5] = crops[3]
    names = tuple("abcdef")
    everything = PackedSet(crops, np.eye(7, dtype=np.float32)[:6], names, np.ones(6, bool))
    training, held = everything.take(np.arange(3)), everything.take(np.arange(3, 6))
    # d is new, e is nearly a, f is d again.
    assert independent(held, training, everything).tolist() == [0]
