"""Figures of merit from probabilities and labels. numpy only; shares are in [0, 1]."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS, NUM_EXPRESSIONS

DISTRIBUTIONS = ("final", "p", "t_g", "t_a", "t")
"""Fields of `Purified` that are measured, each by itself."""
_BINS = 15
_COVERAGES = 20


@dataclass(frozen=True, slots=True)
class Metrics:
    """How well one distribution does on one set."""

    n: int
    accuracy: float
    mean_class_accuracy: float
    """Mean recall over the classes that occur."""
    macro_f1: float
    """Over the classes that occur."""
    ece: float
    """Expected calibration error of the winner's probability, 15 bins of equal width."""
    per_class: dict[str, float]
    """Recall of each expression that occurs."""

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values."""
        return asdict(self)


def calibration_error(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """Σ over bins of (share of samples) · |mean confidence - accuracy|."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for b in range(_BINS):
        inside = bins == b
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    return float(error)


def measure(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> Metrics:
    """Metrics of (N, 7) probabilities against (N,) labels; N >= 1."""
    predicted = probabilities.argmax(axis=1)
    recalls: dict[str, float] = {}
    scores = []
    for index, name in enumerate(EXPRESSIONS):
        own = labels == index
        if not own.any():
            continue
        hits = int((predicted[own] == index).sum())
        recalls[name] = hits / int(own.sum())
        scores.append(2 * hits / (int(own.sum()) + int((predicted == index).sum())))
    correct = predicted == labels
    return Metrics(
        n=len(labels),
        accuracy=float(correct.mean()),
        mean_class_accuracy=float(np.mean(list(recalls.values()))),
        macro_f1=float(np.mean(scores)),
        ece=calibration_error(probabilities.max(axis=1).astype(np.float64), correct),
        per_class=recalls,
    )


def brier(probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> float:
    """Mean squared distance of (N, 7) probabilities from the one-hot labels, 0..2."""
    wanted = np.eye(probabilities.shape[1])[labels]
    return float(np.square(probabilities - wanted).sum(axis=1).mean())


def auroc(score: NDArray[np.floating[Any]], correct: NDArray[np.bool_]) -> float:
    """Chance that a right answer scores higher than a wrong one, ties counting half.

    0.5 where all answers are right or all are wrong.
    """
    right, wrong = int(correct.sum()), int((~correct).sum())
    if not right or not wrong:
        return 0.5
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    total = float(ranks[place][correct].sum())
    return (total - right * (right + 1) / 2) / (right * wrong)


def entropy(distributions: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(N,) of (N, 7) distributions, in nats."""
    q = np.asarray(distributions, np.float64)
    return np.asarray(-(q * np.log(np.maximum(q, 1e-12))).sum(axis=1))


def spearman(one: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> float:
    """Spearman's rank correlation of (N,) values, ties sharing their mean; 0 without spread."""
    ranks = []
    for values in (one, other):
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts - 1) / 2)[place])
    if not all(np.ptp(r) for r in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def diagram(
    confidence: NDArray[np.floating[Any]], correct: NDArray[np.bool_], bins: int = 10
) -> list[dict[str, float]]:
    """The reliability diagram: mean confidence and accuracy of each bin that is not empty."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "from": b / bins,
            "share": float((place == b).mean()),
            "confidence": float(confidence[place == b].mean()),
            "accuracy": float(correct[place == b].mean()),
        }
        for b in range(bins)
        if (place == b).any()
    ]


def confusion(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(7, 7) counts, rows the truth, columns the winner of the (N, 7) probabilities."""
    cells = np.bincount(
        labels * NUM_EXPRESSIONS + probabilities.argmax(axis=1), minlength=NUM_EXPRESSIONS**2
    )
    return cells.astype(np.int64).reshape(NUM_EXPRESSIONS, NUM_EXPRESSIONS)


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval of a share, 95 % by default; (0, 1) where nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    share, spread = hits / n, z * z / n
    centre = share + spread / 2
    half = z * math.sqrt((share * (1 - share) + spread / 4) / n)
    return max(0.0, (centre - half) / (1 + spread)), min(1.0, (centre + half) / (1 + spread))


class RiskCurve(NamedTuple):
    """Error among the answers one is sure enough of."""

    points: list[tuple[float, float]]
    """(coverage, error) of the most confident 5, 10, … 100 %."""
    aurc: float
    """Area under the curve: mean error over all coverages 1/N, 2/N, … 1."""


def risk_coverage(confidence: NDArray[np.floating[Any]], correct: NDArray[np.bool_]) -> RiskCurve:
    """The risk-coverage curve of (N,) answers, N >= 1.

    Answers of the same confidence share their errors, so the order of the rows does not matter.
    """
    _, place, counts = np.unique(-confidence, return_inverse=True, return_counts=True)
    errors = np.bincount(place, weights=~correct)
    n = len(correct)
    risk = np.cumsum(np.repeat(errors / counts, counts)) / np.arange(1, n + 1)
    points = []
    for step in range(1, _COVERAGES + 1):
        taken = -(-step * n // _COVERAGES)  # rounded up, in whole numbers
        points.append((step / _COVERAGES, float(risk[taken - 1])))
    return RiskCurve(points, float(risk.mean()))


def mcnemar(correct_a: NDArray[np.bool_], correct_b: NDArray[np.bool_]) -> float:
    """McNemar's exact two-sided test: p that two answerers of the same questions are equally good.

    Binomial over the pictures that only one of them gets right; 1 where there is none.
    """
    only_a = int((correct_a & ~correct_b).sum())
    only_b = int((correct_b & ~correct_a).sum())
    n, fewer = only_a + only_b, min(only_a, only_b)
    ways, tail = 1, 1
    for k in range(1, fewer + 1):
        ways = ways * (n - k + 1) // k
        tail += ways
    # Whole numbers to the end: 2^n leaves the range of a float at n = 1024.
    return min(1.0, 2 * tail / 2**n)
