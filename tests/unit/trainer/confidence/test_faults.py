"""Faults: repeatable, visible, and of the kind they say."""

import numpy as np
import pytest

from ferdesk.model.reliability import picture_features
from tests.unit.trainer.helpers import face
from trainer.confidence.faults import DEGRADATIONS, chance_for, degrade, grey, rotate, small_edge


def crops() -> np.ndarray:
    import cv2

    big = [cv2.resize(face(i), (112, 112), interpolation=cv2.INTER_CUBIC) for i in range(3)]
    return np.repeat(np.stack(big)[..., None], 3, axis=3)


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_same_seed_same_fault_and_the_original_is_kept(kind: str) -> None:
    original = crops()
    kept = original.copy()
    first = degrade(original, kind, 3)
    assert np.array_equal(first, degrade(original, kind, 3))
    assert np.array_equal(original, kept)
    assert first.shape == original.shape
    assert first.dtype == np.uint8
    alone = degrade(original[:1], kind, 3)
    assert np.array_equal(first[:1], alone), "a picture's fault does not depend on the others"
    if kind != "grey":
        assert not np.array_equal(first, original)
    if kind not in ("grey", "rotated 15°"):
        assert not np.array_equal(first, degrade(original, kind, 4))


def test_each_fault_shows_in_the_feature_that_measures_it() -> None:
    plain = picture_features(crops(), 56)
    for kind, feature, sign in (
        ("blur", "sharpness", -1), ("small", "sharpness", -1), ("low light", "brightness", -1),
        ("low contrast", "contrast", -1), ("noise", "grain", 1),
        ("eyes covered", "eyes", -1), ("mouth covered", "mouth", -1),
    ):  # fmt: skip
        change = picture_features(degrade(crops(), kind), 56)[feature] - plain[feature]
        assert (sign * change > 0.1).all(), kind


def test_bars_cover_eyes_and_mouth() -> None:
    for kind, row in (("eyes covered", 0.37), ("mouth covered", 0.73)):
        out = degrade(crops(), kind)
        assert np.ptp(out[0, round(row * 112)]) == 0
        assert np.array_equal(out[:, -3:], crops()[:, -3:])


def test_grey_and_rotation() -> None:
    colour = np.zeros((9, 9, 3), np.uint8)
    colour[..., 0] = 200
    assert np.array_equal(grey(colour), np.full((9, 9, 3), 60, np.uint8))  # 0.299 · 200
    spot = np.zeros((9, 9, 3), np.uint8)
    spot[4, 8] = 255
    assert rotate(spot, 90.0)[0, 4].tolist() == [255, 255, 255], "anticlockwise"
    assert 14 <= small_edge(chance_for("small", 0, 0)) <= 28
