"""What the slider promises."""

from __future__ import annotations

import pytest

from ferdesk.model.reliability import RiskRow
from ferdesk.ui.state import reliability_words


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (RiskRow(0.0, 1.0, 0.157), "Labels every face; about 16 % of those labels are wrong on"),
        (RiskRow(0.5, 0.9, 0.115), "Labels 90 of 100 faces; about 12 % of those labels are wrong"),
        # No mistakes are never promised.
        (RiskRow(0.9, 0.3, 0.0), "Labels 30 of 100 faces; less than 1 % of those labels are"),
    ],
)
def test_the_promise(row: RiskRow, words: str) -> None:
    assert reliability_words.promise(row).startswith(words)
