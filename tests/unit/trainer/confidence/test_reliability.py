"""Fitting reliability: known odds are found again, useless features stay out."""

import numpy as np
import pytest

from ferdesk.model.reliability import FEATURES
from trainer.confidence.reliability import (
    Faces,
    cross_validated,
    fit,
    logistic,
    select,
)


def synthetic(n: int = 1500, seed: int = 0) -> Faces:
    """Right with log odds 1 + 0.8 winner - 0.9 (grain - 2); all other features are noise."""
    generator = np.random.default_rng(seed)
    features = {
        name: np.random.default_rng((seed, *name.encode())).normal(0, 1, 2 * n) for name in FEATURES
    }
    features["winner"] = generator.uniform(-1, 4, 2 * n)
    clean = np.arange(2 * n) < n
    features["grain"] = np.where(
        clean, generator.uniform(0, 1, 2 * n), generator.uniform(0, 4, 2 * n)
    )
    features["size"] = np.full(2 * n, 25.0)
    odds = 1 + 0.8 * features["winner"] - 0.9 * features["grain"]
    correct = generator.uniform(size=2 * n) < 1 / (1 + np.exp(-odds))
    return Faces(features, correct, np.tile(np.arange(n), 2), (~clean).astype(np.int64))


def test_logistic_by_hand() -> None:
    # One two-valued column: the odds are 3:1 at 1 and 1:1 at 0, so weight ln 3 and intercept 0.
    column = np.repeat([0.0, 1.0], 4000)[:, None]
    correct = np.concatenate(
        [np.tile([True, False], 2000), np.tile([True, True, True, False], 1000)]
    )
    solution = logistic(column, correct, np.ones(8000))
    assert solution == pytest.approx([0.0, np.log(3)], abs=0.01)


def test_weights_balance_clean_and_degraded() -> None:
    faces = synthetic(10)
    uneven = Faces(
        faces.features, faces.correct, faces.picture, (np.arange(20) >= 5).astype(np.int64)
    )
    weights = uneven.weights()
    assert weights[:5].sum() == pytest.approx(2 * weights[5:].sum())
    assert weights.mean() == pytest.approx(1.0)


def test_copies_of_a_picture_share_a_fold() -> None:
    folds = synthetic(50).folds()
    assert np.array_equal(folds[:50], folds[50:])
    assert np.bincount(folds[:50]).tolist() == [10] * 5


def test_selection_takes_what_helps_and_nothing_else() -> None:
    faces = synthetic(6000)
    fitted = select(faces)
    assert [name for name, _ in fitted.losses] == ["winner", "grain"]
    assert "yaw" in fitted.left_out
    assert "size" in fitted.left_out
    weights = {term.feature: term.weight for term in fitted.model.terms}
    assert weights["winner"] == pytest.approx(0.8, abs=0.15)
    assert weights["grain"] == pytest.approx(-0.9, abs=0.2)
    assert abs(fitted.chances.mean() - faces.correct.mean()) < 0.05
    assert fitted.losses[1][1] < fitted.losses[0][1]


def test_a_weight_of_the_wrong_sign_is_reported() -> None:
    faces = synthetic()
    turned = {**faces.features, "grain": -faces.features["grain"]}
    assert fit(faces, ["winner", "grain"])[1]
    assert not fit(Faces(turned, faces.correct, faces.picture, faces.fault), ["winner", "grain"])[1]


def test_cross_validation_does_not_see_its_own_fold() -> None:
    """A feature that is different for every picture cannot say anything about a new one."""
    faces = synthetic(300)
    chances = cross_validated(faces, ["winner"])
    shuffled = np.random.default_rng(5).permutation(faces.correct)
    noise = cross_validated(Faces(faces.features, shuffled, faces.picture, faces.fault), ["winner"])
    assert chances.std() > 3 * noise.std()
