"""Metrics against numbers worked out by hand."""

import numpy as np
import pytest

from trainer.measure.metrics import (
    auroc,
    brier,
    calibration_error,
    confusion,
    diagram,
    entropy,
    mcnemar,
    measure,
    risk_coverage,
    spearman,
    wilson,
)


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


def test_confusion_has_the_truth_in_rows() -> None:
    labels = np.array([0, 0, 1, 6])
    table = confusion(one_hot([0, 1, 1, 0]), labels)
    assert table.shape == (7, 7)
    assert (table[0, 0], table[0, 1], table[1, 1], table[6, 0]) == (1, 1, 1, 1)
    assert table.sum() == 4


def test_wilson_against_published_values() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_on_the_test_set_of_rafdb_is_a_point_wide_each_way() -> None:
    low, high = wilson(2669, 3068)  # 87.0 %
    assert (high - low) / 2 == pytest.approx(0.0119, abs=1e-4)


def test_risk_coverage_by_hand() -> None:
    correct = np.array([False, True, False, True])
    curve = risk_coverage(np.array([0.6, 0.9, 0.8, 0.7]), correct)
    # From the surest on: right, wrong, right, wrong; errors 0, 1/2, 1/3, 1/2.
    assert curve.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    points = dict(curve.points)
    assert len(curve.points) == 20
    assert [points[c] for c in (0.05, 0.25, 0.3, 0.75, 1.0)] == pytest.approx(
        [0, 0, 1 / 2, 1 / 3, 1 / 2]
    )


def test_risk_coverage_of_ties_does_not_depend_on_the_order() -> None:
    correct = np.array([True, False, True, False])
    one = risk_coverage(np.array([0.9, 0.5, 0.5, 0.5]), correct)
    other = risk_coverage(np.array([0.5, 0.5, 0.9, 0.5]), correct[[1, 2, 0, 3]])
    assert one == other
    # One of three tied answers is right: two thirds of an error each.
    assert dict(one.points)[0.5] == pytest.approx((2 / 3) / 2)


def test_mcnemar_by_hand() -> None:
    both, only_a, only_b, none = 3, 1, 5, 2
    a = np.array([1] * both + [1] * only_a + [0] * only_b + [0] * none, bool)
    b = np.array([1] * both + [0] * only_a + [1] * only_b + [0] * none, bool)
    assert mcnemar(a, b) == pytest.approx(2 * (1 + 6) / 2**6)
    assert mcnemar(b, a) == mcnemar(a, b)
    assert mcnemar(a, a) == 1.0
    # 4 against 7 of 11: 1 + 11 + 55 + 165 + 330 ways.
    assert mcnemar(a, ~a) == pytest.approx(2 * 562 / 2**11)
    assert mcnemar(np.array([True, False]), np.array([False, True])) == 1.0


def test_mcnemar_of_many_pictures() -> None:
    a, b = np.zeros(4000, bool), np.zeros(4000, bool)
    a[:1900], b[1900:] = True, True
    # Normal approximation with continuity: z = (200 - 1)/√4000 = 3.1465, p = 0.00165.
    assert mcnemar(a, b) == pytest.approx(0.00165, rel=0.02)


def test_spearman_and_entropy_by_hand() -> None:
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])) == pytest.approx(-1)
    # Ranks 1.5, 1.5, 3 against 1, 2, 3.
    assert spearman(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(
        0.8660254
    )
    assert spearman(np.ones(3), np.array([1.0, 2.0, 3.0])) == 0
    assert entropy(np.array([[1.0, 0.0], [0.5, 0.5]])) == pytest.approx([0, np.log(2)])
