"""A table of a report, and how figures are written in tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

ABSENT = "–"
"""What a cell without a figure shows."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text. Every row is as long as the head; ValueError otherwise."""

    kind: ClassVar[str] = "table"

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    """How to read it; plain text, shown above the table."""
    words: bool = False
    """The cells are words rather than figures and stand to the left."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"a row of {len(row)} cells in a table of {len(self.head)}")


def percent(value: float | None, digits: int = 2) -> str:
    """A share as percent without the sign: 0.8722 → "87.22"; "–" for None."""
    return ABSENT if value is None else f"{100 * value:.{digits}f}"


def spread(mean: float | None, std: float | None, digits: int = 2) -> str:
    """ "87.22 ± 0.31" from shares; without a deviation the mean alone."""
    if mean is None or std is None:
        return percent(mean, digits)
    return f"{percent(mean, digits)} ± {percent(std, digits)}"


def interval(bounds: tuple[float, float] | None, digits: int = 1) -> str:
    """ "86.0 to 88.4" from shares; "–" for None."""
    if bounds is None:
        return ABSENT
    return f"{percent(bounds[0], digits)} to {percent(bounds[1], digits)}"


def points(mean: float | None, std: float | None = None) -> str:
    """A difference of shares in percentage points, with its sign: "+1.20 ± 0.40"."""
    if mean is None:
        return ABSENT
    text = f"{100 * mean:+.2f}".replace("-", "−")
    return text if std is None else f"{text} ± {percent(std)}"


def between(bounds: tuple[float, float]) -> str:
    """An interval of a difference of shares in points: "−0.20 to +1.40"."""
    return f"{points(bounds[0])} to {points(bounds[1])}"


def plain(value: float | None, digits: int = 3) -> str:
    """A number as it is: "0.913"; "–" for None."""
    return ABSENT if value is None else f"{value:.{digits}f}"
