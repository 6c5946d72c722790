"""Ranks and critical differences against Demšar's tables and numbers worked out by hand."""

from __future__ import annotations

import pytest

from trainer.measure.ranks import ranked


def test_ranks_by_hand_with_a_tie() -> None:
    found = ranked({"a": [0.7, 0.8, 0.6], "b": [0.9, 0.8, 0.7], "c": [0.5, 0.6, 0.65]})
    assert found is not None
    # Blocks: b a c; a and b share 1.5; b c a.
    assert found.mean == pytest.approx({"b": 3.5 / 3, "a": 6.5 / 3, "c": 8 / 3})
    assert list(found.mean) == ["b", "a", "c"]
    assert found.blocks == 3


@pytest.mark.parametrize(("lines", "q"), [(3, 2.343), (5, 2.728), (7, 2.949), (10, 3.164)])
def test_the_critical_difference_has_demsars_q(lines: int, q: float) -> None:
    """Demšar 2006, table 5(a)."""
    scores = {str(i): [0.1 * i, 0.1 * i + 0.01, 0.2 * i, 0.3 * i] for i in range(lines)}
    found = ranked(scores)
    assert found is not None
    assert found.critical == pytest.approx(q * (lines * (lines + 1) / (6 * 4)) ** 0.5, abs=2e-3)


def test_friedman_of_a_perfect_order_and_of_none() -> None:
    clear = ranked({"a": [3.0] * 10, "b": [2.0] * 10, "c": [1.0] * 10})
    assert clear is not None
    # χ² = 12 n / (k (k + 1)) (Σ R² - k (k + 1)² / 4) = 20 with two degrees of freedom: e^-10.
    assert clear.friedman == pytest.approx(4.54e-5, rel=1e-3)
    # CD is 1.05 for three lines and ten blocks: the outer ones are apart, neighbours are not.
    assert clear.alike("a") == ("b",)
    assert clear.alike("b") == ("a", "c")
    none = ranked({"a": [1.0, 1.0], "b": [1.0, 1.0], "c": [1.0, 1.0]})
    assert none is not None
    assert none.friedman == 1.0
    assert none.alike("a") == ("b", "c")


def test_too_few_to_rank() -> None:
    assert ranked({"a": [1.0, 2.0], "b": [2.0, 1.0]}) is None
    assert ranked({"a": [1.0], "b": [2.0], "c": [3.0]}) is None
