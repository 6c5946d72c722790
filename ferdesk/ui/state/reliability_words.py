"""How far a reading can be trusted, in words: shared by the panels, without any Qt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.model.reliability import RiskCoverage, RiskRow
from ferdesk.pipeline.types import FaceReading

NOT_TOLD: Final = "This checkpoint does not say how reliable it is"
NO_TABLE: Final = (
    "This checkpoint has no table of how often it is wrong, so every face is answered. "
    "File ▸ Open checkpoint takes one that was calibrated."
)
NO_CHECKPOINT: Final = "Available as soon as a checkpoint is loaded."
LEAST: Final = 0.30
"""The slider goes down to this coverage."""
_ROUNDING: Final = 0.005
"""Coverages are chosen in whole per cent, and the rows of a table lie a little beside them."""


def steps(table: RiskCoverage) -> tuple[RiskRow, ...]:
    """The rows that the slider offers, the one that answers most first; never empty."""
    return tuple(r for r in table.rows if r.coverage >= LEAST - _ROUNDING) or table.rows[:1]


def names(face: FaceReading) -> tuple[str, ...]:
    """What the face may show, likeliest first: the 90 % set, or the winner where there is none."""
    return tuple(DISPLAY_NAMES[name] for name in face.prediction_set or (face.label,))


def question(possible: Sequence[str]) -> str:
    """`Fear or Surprise?`"""
    if len(possible) == 1:
        return f"{possible[0]}?"
    return f"{', '.join(possible[:-1])} or {possible[-1]}?"


def could_be(possible: Sequence[str]) -> str:
    """`Could be: Fear, Surprise`, or nothing when there is only one."""
    return f"Could be: {', '.join(possible)}" if len(possible) > 1 else ""


def why(face: FaceReading, threshold: float) -> str:
    """The words under the meter: what is wrong with the face or, if nothing is, with the limit."""
    if face.reason:
        return _sentence(face.reason)
    return limit(face, threshold)


def limit(face: FaceReading, threshold: float) -> str:
    """On which side of the operating point the face is; "" where there is none."""
    if face.reliability is None or threshold <= 0:
        return ""
    side = "Below" if face.abstains(threshold) else "Above"
    return f"{side} your limit of {threshold * 100:.0f} %"


def promise(row: RiskRow) -> str:
    """What a row of the table means for somebody who looks at many faces."""
    answered = (
        "every face" if row.coverage >= 1 - _ROUNDING else f"{row.coverage * 100:.0f} % of faces"
    )
    # No mistake among some hundred pictures does not make a model that makes none.
    wrong = "less than 1 %" if row.error < _ROUNDING else f"{row.error * 100:.0f} %"
    return f"Answers {answered}, expected to be wrong on {wrong}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
