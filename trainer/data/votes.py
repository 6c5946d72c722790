"""The crowd's votes of FER+ (Barsoum et al. 2016), ``fer2013new.csv``: one row per picture.

A picture counts when one of the seven expressions alone has most of all ten kinds of votes. Its
soft target is its votes for the seven, divided by their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from trainer.data.csv_table import read_table
from trainer.data.examples import Split

VOTES_FILE = "fer2013new.csv"
USAGES: dict[str, Split] = {"Training": "train", "PublicTest": "valid", "PrivateTest": "test"}
_OTHER_VOTES = ("contempt", "unknown", "NF")


@dataclass(frozen=True, slots=True)
class Votes:
    """One row."""

    usage: str
    name: str
    """Empty for the rows that FER+ took out."""
    target: tuple[float, ...] | None
    """None when no expression alone has most votes."""


def read_votes(file: Path) -> list[Votes]:
    """Every row of the file, in order. FerdeskError for a row that is not one of FER+."""
    rows = []
    for number, row in read_table(file, ("Usage", "Image name")):
        try:
            votes = np.array([float(row[key]) for key in EXPRESSIONS])
            others = max(float(row[key]) for key in _OTHER_VOTES)
        except (KeyError, ValueError) as error:
            raise FerdeskError(f"Line {number} of '{file}' is not a FER+ row.") from error
        rows.append(Votes(row["Usage"], row["Image name"], _target(votes, others)))
    return rows


def _target(votes: np.ndarray[tuple[int], np.dtype[np.float64]], others: float) -> (
    tuple[float, ...] | None
):  # fmt: skip
    top = votes.max()
    if top <= others or int((votes == top).sum()) > 1:
        return None
    return tuple(float(v) for v in votes / votes.sum())
