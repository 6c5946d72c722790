"""Which labels look wrong, from out-of-sample probabilities q (N, 7) and the labels given (N,).

How often which label is given for which true one is estimated by confident learning (Northcutt,
Jiang & Chuang 2021, JAIR 70). That estimate then weighs every answer against its label by Bayes'
rule, P(true j | picture, given g) ∝ q_j P(given g | true j): a label that is often wrong in this
data set convinces less than one that seldom is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["suspected wrong", "ambiguous", "duplicate", "ok"]
VERDICTS: Final[tuple[Verdict, ...]] = ("suspected wrong", "ambiguous", "duplicate", "ok")

CLOSE: Final = 0.1
"""Two classes nearer to each other than this make a picture ambiguous."""
LOW: Final = 0.4
"""So does a largest probability below this."""
PRIOR: Final = 50.0
"""Pictures per class that are added before any is counted, see `purify`."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What an audit says of N pictures."""

    purified: NDArray[np.float64]
    """(N, 7) the chance of each true label, given the picture and its label."""
    suggested: NDArray[np.int64]
    """(N,) the likeliest class; of a suspected picture the likeliest but the one given."""
    doubt: NDArray[np.float64]
    """(N,) 1 − purified[given]: the score that ranks the pictures."""
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


def purify(
    q: NDArray[np.floating[Any]], given: NDArray[np.int64], joint: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, C) P(true | picture, given) of q and the (C, C) joint of given (row) and true label.

    `PRIOR` pictures are added to each true label, labelled as if the noise were the same for every
    class: the overall share is right, the others are spread as the given labels are. So a label of
    few pictures, whose counts say little, counts as about as trustworthy as the others.
    """
    right = np.trace(joint) / joint.sum()
    spread = joint.sum(axis=1, keepdims=True) / joint.sum()
    expected = right * np.eye(len(joint)) + (1 - right) * spread
    chances = (joint + PRIOR * expected) / (joint.sum(axis=0) + PRIOR)
    weighed = q.astype(np.float64) * chances[given]
    purified: NDArray[np.float64] = weighed / weighed.sum(axis=1, keepdims=True)
    return purified


def find(
    q: NDArray[np.floating[Any]], given: NDArray[np.int64], groups: NDArray[np.int64]
) -> Findings:
    """Judge every picture.

    `groups` (N,) is one number for copies of one picture. In this order:

    * duplicate: a copy of the picture has another label, so one of the two is wrong;
    * ambiguous: the two likeliest purified classes are nearer than `CLOSE`, or the likeliest is
      below `LOW`;
    * suspected wrong: among the most doubtful, as many as the joint says are wrong;
    * ok.
    """
    thresholds = class_thresholds(q, given)
    joint = estimated_joint(given, confident_classes(q, thresholds), q.shape[1])
    purified = purify(q, given, joint)
    rows = np.arange(len(given))
    doubt = 1 - purified[rows, given]
    wrong = np.zeros(len(given), bool)
    wrong[np.argsort(-doubt, kind="stable")[: int(joint.sum() - np.trace(joint))]] = True
    two = np.sort(purified, axis=1)[:, -2:]
    unsure = (two[:, 1] - two[:, 0] < CLOSE) | (two[:, 1] < LOW)
    copies = _contradicted(groups, given)
    verdicts: list[Verdict] = [
        "duplicate" if d else "ambiguous" if u else "suspected wrong" if w else "ok"
        for d, u, w in zip(copies, unsure, wrong, strict=True)
    ]
    others = purified.copy()
    others[rows[wrong], given[wrong]] = -1
    return Findings(
        purified=purified,
        suggested=others.argmax(axis=1),
        doubt=doubt,
        verdicts=tuple(verdicts),
        thresholds=thresholds,
        joint=joint,
    )


def _contradicted(groups: NDArray[np.int64], given: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) True where pictures of one group have different labels."""
    labels: dict[int, set[int]] = {}
    for group, label in zip(groups.tolist(), given.tolist(), strict=True):
        labels.setdefault(group, set()).add(label)
    return np.array([len(labels[group]) > 1 for group in groups.tolist()], bool)
