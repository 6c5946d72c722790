"""Ranks of methods over many comparisons, and how far apart two must be (Demšar 2006)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_FEWEST = 3
"""Lines that the test of Friedman needs."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """Mean ranks of k lines over n blocks; 1 is best."""

    mean: Mapping[str, float]
    """Best first."""
    blocks: int
    friedman: float
    """p of Friedman's test: the chance of ranks as different as these if all lines were equal."""
    critical: float
    """Nemenyi's critical difference at 5 %: two mean ranks closer than it cannot be told apart."""

    def alike(self, line: str) -> tuple[str, ...]:
        """The other lines that cannot be told apart from this one."""
        own = self.mean[line]
        return tuple(
            other
            for other, rank in self.mean.items()
            if other != line and abs(rank - own) < self.critical
        )


def ranked(scores: Mapping[str, Sequence[float]]) -> Ranks | None:
    """Ranks of lines by their scores in the same blocks, higher is better, ties sharing their mean.

    None for fewer than three lines or two blocks. CD = q √(k (k + 1) / 6n), q the 95 % point of the
    studentised range of k means, over √2.
    """
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    table = np.array(list(scores.values()), np.float64)
    if len(scores) < _FEWEST or table.shape[1] < 2:
        return None
    lines, blocks = table.shape
    mean = rankdata(-table, axis=0).mean(axis=1)
    same = bool((table == table[0]).all())
    order = np.argsort(mean, kind="stable")
    names = list(scores)
    critical = studentized_range.ppf(0.95, lines, np.inf) / math.sqrt(2)
    return Ranks(
        mean={names[i]: float(mean[i]) for i in order},
        blocks=blocks,
        friedman=1.0 if same else float(friedmanchisquare(*table).pvalue),
        critical=float(critical * math.sqrt(lines * (lines + 1) / (6 * blocks))),
    )
