"""Temperature and prediction sets against numbers worked out by hand."""

from typing import Any

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.calibration import Calibration, conformal_threshold, fit, temper

EVEN = np.full(7, 1 / 7)


def test_temperature_raises_every_probability_to_one_over_t() -> None:
    final = np.array([0.5, 0.3, 0.2, 0, 0, 0, 0])
    # 0.25, 0.09, 0.04 over their sum 0.38.
    assert temper(final, 0.5)[:3] == pytest.approx([0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38])
    # √0.64 : √0.36 = 0.8 : 0.6; what is 0 gets √1e-8 = 1e-4 each.
    flat = temper(np.array([0.64, 0.36, 0, 0, 0, 0, 0]), 2.0)
    assert flat[:2] == pytest.approx([0.8 / 1.4005, 0.6 / 1.4005])
    assert flat.sum() == pytest.approx(1)
    assert np.array_equal(temper(final, 1.0), final.astype(np.float32))


def test_temperature_never_changes_the_winner_and_takes_batches() -> None:
    final = np.random.default_rng(0).dirichlet(np.ones(7), 50)
    for temperature in (0.3, 3.0):
        out = Calibration(temperature, 0.1).apply(final)
        assert out.dtype == np.float32
        assert np.array_equal(out.argmax(axis=1), final.argmax(axis=1))
        assert out.sum(axis=1) == pytest.approx(np.ones(50))


def test_the_fit_finds_the_temperature_that_spoilt_the_probabilities() -> None:
    generator = np.random.default_rng(1)
    true = generator.dirichlet(np.full(7, 0.5), 6000)
    labels = np.array([generator.choice(7, p=row) for row in true])
    spoilt = temper(true, 1 / 1.8)
    assert fit(spoilt, labels, EVEN).temperature == pytest.approx(1.8, rel=0.07)


def test_offsets_favour_an_expression_by_hand() -> None:
    final = np.array([0.6, 0.4, 0, 0, 0, 0, 0])
    # exp(ln 3) triples the second: 0.6 : 1.2.
    out = Calibration(1.0, 0.1, (0.0, float(np.log(3)), 0, 0, 0, 0, 0)).apply(final)
    assert out[:2] == pytest.approx([1 / 3, 2 / 3], abs=1e-5)


def test_the_fit_gives_rare_classes_back_what_the_prior_took() -> None:
    """A network that saw class 6 ten times too seldom; the held-out faces are as rare."""
    generator = np.random.default_rng(3)
    prior = np.array([0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02])
    labels = generator.choice(7, p=prior, size=4000)
    evidence = np.exp(1.5 * np.eye(7)[labels] + generator.normal(0, 1, (4000, 7)))
    final = evidence * prior
    final /= final.sum(axis=1, keepdims=True)

    def recall(probabilities: np.ndarray) -> tuple[float, float]:
        right = probabilities.argmax(axis=1) == labels
        return right.mean(), np.mean([right[labels == k].mean() for k in range(7)])

    plain_accuracy, plain_mean = recall(final)
    accuracy, mean = recall(fit(final, labels, prior).apply(final))
    assert accuracy >= plain_accuracy - 0.011
    assert mean > plain_mean + 0.03


def test_prediction_sets_are_ordered_and_hold_the_winner() -> None:
    calibration = Calibration(1.0, 0.25)
    assert calibration.prediction_set(np.array([0.3, 0.1, 0.5, 0.1, 0, 0, 0])) == (2, 0)
    assert calibration.prediction_set(np.full(7, 1 / 7)) == (0,), "never empty"


def test_conformal_threshold_by_hand() -> None:
    # n = 19: rank ⌊0.1 · 20⌋ = 2, the second smallest. n = 8: ⌊0.9⌋ = 0, nothing is promised.
    own = np.arange(1, 20) / 20
    assert conformal_threshold(own) == pytest.approx(0.1)
    assert conformal_threshold(own[:8]) == 0.0
    assert conformal_threshold(own[:9]) == pytest.approx(0.05)


def test_conformal_sets_cover_nine_in_ten_of_new_faces() -> None:
    generator = np.random.default_rng(2)
    true = generator.dirichlet(np.full(7, 0.4), 9000)
    labels = np.array([generator.choice(7, p=row) for row in true])
    calibration = fit(true[:3000], labels[:3000], EVEN)
    sets = [calibration.prediction_set(calibration.apply(row)) for row in true[3000:]]
    covered = np.mean([y in s for y, s in zip(labels[3000:], sets, strict=True)])
    # Three standard deviations of the fitted threshold: 3 · √(0.9 · 0.1 / 3000) = 0.016.
    assert 0.884 < covered < 0.93
    assert np.mean([len(s) for s in sets]) < 4


def test_round_trip() -> None:
    calibration = Calibration(0.71, 0.2, (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, -0.6))
    assert Calibration.from_json(calibration.to_json()) == calibration


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": 1.3},
        {"temperature": "warm", "set_threshold": 0.1},
        {"temperature": 0, "set_threshold": 0.1},
        {"temperature": float("nan"), "set_threshold": 0.1},
        {"temperature": 1, "set_threshold": 1.5},
        {"temperature": True, "set_threshold": 0.1},
        {"temperature": 1, "set_threshold": 0.5, "offsets": [0.0] * 6},
        {"temperature": 1, "set_threshold": 0.5, "offsets": [0.0] * 6 + ["much"]},
        [1, 2],
    ],
)
def test_refusals(values: Any) -> None:
    with pytest.raises(FerdeskError, match="calibration"):
        Calibration.from_json(values)


def test_too_few_faces_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit(np.full((5, 7), 1 / 7), np.zeros(5, np.int64), EVEN)
