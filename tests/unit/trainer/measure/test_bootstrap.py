"""Intervals over seeds and pictures, against the spread that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trainer.measure.bootstrap import seeds_and_pictures


def half(values: np.ndarray) -> float:
    low, high = seeds_and_pictures(values)
    return (high - low) / 2


def test_with_one_seed_it_is_the_interval_of_the_pictures() -> None:
    values = np.random.default_rng(3).random((1, 2000)) < 0.7
    low, high = seeds_and_pictures(values)
    share = values.mean()
    assert (low + high) / 2 == pytest.approx(share, abs=0.002)
    assert half(values) == pytest.approx(1.96 * math.sqrt(share * (1 - share) / 2000), rel=0.06)


def test_seeds_that_agree_add_nothing_and_do_not_shrink_it() -> None:
    values = np.random.default_rng(3).random((1, 2000)) < 0.7
    assert half(np.repeat(values, 4, axis=0)) == pytest.approx(half(values), rel=1e-6)


def test_seeds_that_differ_widen_it_by_their_own_spread() -> None:
    """Every picture of a seed has the same value, so pictures add nothing."""
    seeds = np.array([0.60, 0.64, 0.71, 0.65, 0.58, 0.69, 0.66, 0.63])
    values = np.repeat(seeds[:, None], 50, axis=1)
    spread = seeds.std(ddof=1) / math.sqrt(len(seeds))
    assert half(values) == pytest.approx(1.96 * spread, rel=0.1)
    noisy = values + np.random.default_rng(1).normal(0, 0.2, 50)
    assert half(noisy) > half(values)


def test_pairs_of_the_same_answers_have_no_difference() -> None:
    right = np.random.default_rng(3).random((3, 100)) < 0.7
    assert seeds_and_pictures(right.astype(float) - right) == (0.0, 0.0)


@pytest.mark.parametrize("shape", [(0, 4), (4,), (2, 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no interval"):
        seeds_and_pictures(np.zeros(shape))
