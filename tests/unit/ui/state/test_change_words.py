"""Changes from the baseline in words."""

from __future__ import annotations

import math

import pytest

from ferdesk.ui.state.change_words import signed, times


@pytest.mark.parametrize(
    ("factor", "text"),
    [(2, "×2.0"), (0.5, "÷2.0"), (1, "×1.0"), (0.97, "×1.0"), (12.4, "×12"), (1 / 350, "÷350"),
     (9.97, "×10"), (5000, "×>999"), (1e-9, "÷>999")],
)  # fmt: skip
def test_how_many_times_as_likely(factor: float, text: str) -> None:
    assert times(math.log(factor)) == text


def test_differences_of_scores() -> None:
    assert [signed(v) for v in (0.414, -0.05, 0.004, -0.004)] == ["+0.41", "−0.05", "0.00", "0.00"]
    assert times(float("inf")) == "×>999"
