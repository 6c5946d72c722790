"""Confident learning (Northcutt, Jiang & Chuang 2021, JAIR 70): which labels look wrong.

Everything is counted on out-of-sample probabilities q (N, 7) and the labels given (N,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["suspected wrong", "ambiguous", "duplicate", "ok"]
VERDICTS: Final[tuple[Verdict, ...]] = ("suspected wrong", "duplicate", "ambiguous", "ok")

CLOSE: Final = 0.1
"""Two classes nearer to each other than this make a picture ambiguous."""
LOW: Final = 0.4
"""So does a largest probability below this."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What an audit says of N pictures."""

    suggested: NDArray[np.int64]
    """(N,) the confident class of a suspected picture; of the others the class with the largest
    probability."""
    doubt: NDArray[np.float64]
    """(N,) 1 − q[given]: the score that ranks the pictures."""
    verdicts: tuple[Verdict, ...]
    thresholds: NDArray[np.float64]
    """(7,) mean self-confidence of each class; infinite for a class that no picture has."""
    joint: NDArray[np.float64]
    """(7, 7) estimated pictures by given label (row) and true label (column); sums to N, and each
    row to the pictures given that label."""

    @property
    def noise_rate(self) -> float:
        """Estimated share of wrong labels."""
        return float(1 - np.trace(self.joint) / self.joint.sum())

    def order(self) -> NDArray[np.int64]:
        """(N,) rows by falling doubt; equals stay in order."""
        return np.argsort(-self.doubt, kind="stable")

    def is_a(self, verdict: Verdict) -> NDArray[np.bool_]:
        """(N,) which pictures have this verdict."""
        return np.array([v == verdict for v in self.verdicts], bool)


def class_thresholds(q: NDArray[np.floating[Any]], given: NDArray[np.int64]) -> NDArray[np.float64]:
    """(7,) t_j: mean of q[j] over the pictures with the given label j; infinite without any."""
    out = np.full(q.shape[1], np.inf)
    for label in np.unique(given):
        out[label] = q[given == label, label].astype(np.float64).mean()
    return out


def confident_classes(
    q: NDArray[np.floating[Any]], thresholds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """(N,) the likeliest class of those with q[j] ≥ t_j; -1 where no class reaches its own."""
    reached = q >= thresholds
    likeliest = np.where(reached, q, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), likeliest, -1)


def estimated_joint(
    given: NDArray[np.int64], confident: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """(C, C) counts of given × confident class, each row scaled to the pictures given its label.

    Pictures without a confident class are not counted, but scaled for. A class without a confident
    picture of its own counts as if it had one, so that no row of pictures is lost.
    """
    counts = np.zeros((classes, classes))
    sure = confident >= 0
    np.add.at(counts, (given[sure], confident[sure]), 1.0)
    np.fill_diagonal(counts, np.maximum(counts.diagonal(), 1.0))
    pictures = np.bincount(given, minlength=classes).astype(np.float64)
    return counts / counts.sum(axis=1, keepdims=True) * pictures[:, None]


def find(
    q: NDArray[np.floating[Any]], given: NDArray[np.int64], groups: NDArray[np.int64]
) -> Findings:
    """Judge every picture.

    `groups` (N,) is one number for copies of one picture. In this order:

    * duplicate: a copy of the picture has another label, so one of the two is wrong;
    * suspected wrong: q[given] is below its class threshold, and another class reaches its own and
      is likelier than the given one;
    * ambiguous: the two likeliest classes are nearer than `CLOSE`, or the likeliest is below `LOW`;
    * ok.
    """
    rows = np.arange(len(given))
    own = q[rows, given].astype(np.float64)
    thresholds = class_thresholds(q, given)
    confident = confident_classes(q, thresholds)
    wrong = (own < thresholds[given]) & (confident >= 0) & (confident != given)
    wrong &= q[rows, np.maximum(confident, 0)] > own
    two = np.sort(q, axis=1)[:, -2:]
    unsure = (two[:, 1] - two[:, 0] < CLOSE) | (two[:, 1] < LOW)
    copies = _contradicted(groups, given)
    verdicts: list[Verdict] = [
        "duplicate" if d else "suspected wrong" if w else "ambiguous" if u else "ok"
        for d, w, u in zip(copies, wrong, unsure, strict=True)
    ]
    return Findings(
        suggested=np.where(wrong, confident, q.argmax(axis=1)),
        doubt=1 - own,
        verdicts=tuple(verdicts),
        thresholds=thresholds,
        joint=estimated_joint(given, confident, q.shape[1]),
    )


def _contradicted(groups: NDArray[np.int64], given: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) True where pictures of one group have different labels."""
    labels: dict[int, set[int]] = {}
    for group, label in zip(groups.tolist(), given.tolist(), strict=True):
        labels.setdefault(group, set()).add(label)
    return np.array([len(labels[group]) > 1 for group in groups.tolist()], bool)
