"""Figures of merit from probabilities and labels. numpy only; all in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS

_BINS = 15


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
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "mean_class_accuracy": self.mean_class_accuracy,
            "macro_f1": self.macro_f1,
            "ece": self.ece,
            "per_class": self.per_class,
        }


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
