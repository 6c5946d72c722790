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
