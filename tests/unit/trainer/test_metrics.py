"""Metrics against numbers worked out by hand."""

import numpy as np
import pytest

from trainer.metrics import auroc, brier, calibration_error, diagram, measure


def one_hot(labels: list[int], probability: float = 1.0) -> np.ndarray:
    rest = (1 - probability) / 6
    out = np.full((len(labels), 7), rest)
    out[np.arange(len(labels)), labels] = probability
    return out


def test_accuracy_mean_class_and_f1() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    metrics = measure(one_hot([0, 0, 0, 1, 1, 0]), labels)
    assert metrics.n == 6
    assert metrics.accuracy == pytest.approx(4 / 6)
    assert metrics.per_class == pytest.approx({"neutral": 3 / 4, "happiness": 1 / 2})
    assert metrics.mean_class_accuracy == pytest.approx(0.625)
    # F1: 2·3/(4+4) and 2·1/(2+2).
    assert metrics.macro_f1 == pytest.approx((0.75 + 0.5) / 2)


def test_calibration_error_of_overconfidence() -> None:
    confidence = np.array([0.9] * 10)
    correct = np.array([True] * 6 + [False] * 4)
    assert calibration_error(confidence, correct) == pytest.approx(0.3)
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == pytest.approx(0.0)


def test_perfect_and_calibrated() -> None:
    labels = np.arange(7)
    metrics = measure(one_hot(list(range(7))), labels)
    assert (metrics.accuracy, metrics.macro_f1, metrics.ece) == (1.0, 1.0, 0.0)


def test_brier_by_hand() -> None:
    # Right with 0.7: 0.3² + 6 · 0.05² = 0.105; wrong with certainty: 1 + 1.
    assert brier(one_hot([0], 0.7), np.array([0])) == pytest.approx(0.105)
    assert brier(one_hot([0]), np.array([1])) == pytest.approx(2.0)


def test_auroc_counts_pairs_and_halves_ties() -> None:
    score, correct = np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])
    # Pairs: 0.9 beats both, 0.5 ties once and wins once: 3.5 of 4.
    assert auroc(score, correct) == pytest.approx(3.5 / 4)
    assert auroc(score, ~correct) == pytest.approx(0.5 / 4)
    assert auroc(score, np.ones(4, bool)) == 0.5


def test_diagram_bins() -> None:
    bins = diagram(np.array([0.05, 0.95, 0.97, 1.0]), np.array([False, True, False, True]))
    assert [b["from"] for b in bins] == [0.0, 0.9]
    assert bins[1]["share"] == 0.75
    assert bins[1]["accuracy"] == pytest.approx(2 / 3)
    assert bins[1]["confidence"] == pytest.approx(2.92 / 3)
