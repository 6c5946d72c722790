"""A table of a report, and how figures are written in tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, ClassVar

from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS

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


def spread(mean: float, std: float | None) -> str:
    """ "87.22 ± 0.31" from shares; without a deviation the mean alone."""
    return percent(mean) if std is None else f"{percent(mean)} ± {percent(std)}"


def interval(bounds: tuple[float, float]) -> str:
    """ "86.0 to 88.4" from shares."""
    return f"{percent(bounds[0], 1)} to {percent(bounds[1], 1)}"


def points(mean: float, std: float | None = None) -> str:
    """A difference of shares in percentage points, with its sign: "+1.20 ± 0.40"."""
    text = f"{100 * mean:+.2f}".replace("-", "−")
    return text if std is None else f"{text} ± {percent(std)}"


def between(bounds: tuple[float, float]) -> str:
    """An interval of a difference of shares in points: "−0.20 to +1.40"."""
    return f"{points(bounds[0])} to {points(bounds[1])}"


def plain(value: float | None) -> str:
    """A number as it is: "0.913"; "–" for None."""
    return ABSENT if value is None else f"{value:.3f}"


def by_epoch(columns: Mapping[str, Sequence[str]]) -> Table:
    """A row per epoch, from 1, of columns by their heads; shorter ones end with "–"."""
    rows = zip_longest(*columns.values(), fillvalue=ABSENT)
    return Table(("epoch", *columns), tuple((str(i), *row) for i, row in enumerate(rows, 1)))


def matrix(corner: str, counts: NDArray[Any]) -> Table:
    """(7, 7) numbers, rounded, with the expressions at both edges."""
    rows = zip(EXPRESSIONS, counts, strict=True)
    return Table(
        (corner, *EXPRESSIONS), tuple((name, *(f"{n:.0f}" for n in row)) for name, row in rows)
    )
