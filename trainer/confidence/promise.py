"""What may be promised about the labels that are answered, and whether it was kept.

Learn then test (Angelopoulos et al. 2021): the thresholds come from the reliabilities alone, every
row's share of wrong labels gets Clopper and Pearson's exact upper bound, at a level divided by the
number of rows (Bonferroni), so that all rows hold together with 95 % certainty. It needs faces that
neither the network nor the reliability was fitted on, and no near-copies of those.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.reliability import RiskCoverage, RiskRow
from trainer.data.copies import copy_groups
from trainer.data.packed import PackedSet

Array = NDArray[np.float64]

SURE = 0.95
_STEP, _LEAST = 5, 10
"""Per cent between two rows, and of the last one."""
_HALVINGS = 60


def independent(held: PackedSet, training: PackedSet, everything: PackedSet) -> NDArray[np.int64]:
    """Rows of `held` without a near-copy in `training`, one of each group of near-copies.

    Both are parts of `everything`.
    """
    place = {name: i for i, name in enumerate(everything.names)}
    rows = np.array([place[name] for name in (*training.names, *held.names)], np.int64)
    groups = copy_groups(everything.crops, rows)
    known = set(groups[: len(training)].tolist())
    kept = []
    for row, group in enumerate(groups[len(training) :].tolist()):
        if group not in known:
            known.add(group)
            kept.append(row)
    return np.array(kept, np.int64)


def upper_bound(wrong: int, n: int, doubt: float) -> float:
    """Clopper and Pearson: the share that `wrong` of `n` exceeds with probability 1 - `doubt`."""
    if wrong >= n:
        return 1.0
    k = np.arange(wrong + 1)
    ways = np.array([math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k])
    low, high = wrong / n, 1.0
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        tail = np.exp(ways + k * math.log(share) + (n - k) * math.log1p(-share)).sum()
        low, high = (share, high) if tail > doubt else (low, share)
    return high


def promised(chances: Array, correct: NDArray[np.bool_]) -> RiskCoverage:
    """The table of (N,) reliabilities and what came of them, for coverages 1, 0.95 … 0.1.

    A row that cannot promise less than the one before it is not offered.
    """
    order = np.argsort(-chances, kind="stable")
    tries: list[tuple[float, int]] = []
    for percent in range(100, _LEAST - 1, -_STEP):
        count = max(1, round(len(order) * percent / 100))
        threshold = 0.0 if percent == 100 else float(chances[order[count - 1]])
        # Faces of the same reliability are answered together.
        count = int((chances >= threshold).sum())
        if not tries or count < tries[-1][1]:
            tries.append((threshold, count))
    rows: list[RiskRow] = []
    for threshold, count in tries:
        wrong = int((~correct[chances >= threshold]).sum())
        at_most = upper_bound(wrong, count, (1 - SURE) / len(tries))
        if not rows or at_most < (rows[-1].at_most or 0.0):
            rows.append(RiskRow(threshold, count / len(order), wrong / count, at_most))
    return RiskCoverage(tuple(rows))


def kept(table: RiskCoverage, chances: Array, correct: NDArray[np.bool_]) -> list[dict[str, float]]:
    """What became of each row on (N,) other faces."""
    out = []
    for row in table.rows:
        answered = chances >= row.threshold
        out.append(
            {
                "threshold": row.threshold,
                "promised": row.error if row.at_most is None else row.at_most,
                "coverage": float(answered.mean()),
                "error": float((~correct[answered]).mean()) if answered.any() else 0.0,
            }
        )
    return out
