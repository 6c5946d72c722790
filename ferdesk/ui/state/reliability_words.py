"""The words of the slider: what a limit buys, and why there is none."""

from __future__ import annotations

import math
from typing import Final

from ferdesk.model.reliability import RiskCoverage, RiskRow

NOT_TOLD: Final = "This checkpoint does not say how reliable it is"
NO_TABLE: Final = (
    "This checkpoint has no table of how often it is wrong, so every face is labelled. "
    "File ▸ Open checkpoint takes one that was calibrated."
)
NO_CHECKPOINT: Final = "Available as soon as a checkpoint is loaded."
LEAST: Final = 0.30
"""The slider goes down to this coverage."""
_EXACT: Final = 1e-9
_ROUNDING: Final = 0.005
"""Coverages are chosen in whole per cent, and the rows of a table lie a little beside them."""


def steps(table: RiskCoverage) -> tuple[RiskRow, ...]:
    """The rows that the slider offers, the one that labels most first; never empty."""
    return tuple(r for r in table.rows if r.coverage >= LEAST - _ROUNDING) or table.rows[:1]


def promise(row: RiskRow, *, short: bool = False) -> str:
    """What a row of the table means for somebody who looks at many faces.

    `short` leaves out on which faces it was measured.
    """
    every = row.coverage >= 1 - _ROUNDING
    labelled = "every face" if every else f"{row.coverage * 100:.0f} of 100 faces"
    if row.at_most is not None:
        most = math.ceil(100 * row.at_most - _EXACT)
        if short:
            return f"Labels {labelled}, at most {most} % of the labels wrong"
        return (
            f"Labels {labelled}; at most {most} % of those labels are wrong (this holds with 95 % "
            "certainty on faces like the test set)"
        )
    # No mistake among some hundred pictures does not make a model that makes none.
    wrong = "less than 1 %" if row.error < _ROUNDING else f"about {row.error * 100:.0f} %"
    if short:
        return f"Labels {labelled}, {wrong} of the labels wrong"
    return f"Labels {labelled}; {wrong} of those labels are wrong on faces like the test set"
