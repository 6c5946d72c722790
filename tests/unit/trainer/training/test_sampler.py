"""The order of an epoch, and how much noise a sampler lets through."""

import hashlib

import numpy as np
import pytest

from trainer.labels.noise import make_noise
from trainer.training.sampler import epoch_order

# neutral, happiness, surprise, sadness, anger, disgust, fear
RAFDB = np.repeat(np.arange(7), [2524, 4772, 1290, 1982, 705, 717, 281]).astype(np.int64)


def test_full_sees_every_picture_once() -> None:
    order = epoch_order(RAFDB, "full", 500, seed=3, epoch=0)
    assert order.dtype == np.int64
    assert (np.sort(order) == np.arange(len(RAFDB))).all()
    assert (order != np.arange(len(RAFDB))).mean() > 0.99


def test_balanced_draws_every_class_alike() -> None:
    order = epoch_order(RAFDB, "balanced", 500, seed=3, epoch=0)
    assert (np.bincount(RAFDB[order]) == 500).all()
    times = np.bincount(order, minlength=len(RAFDB))
    assert times[RAFDB != 6].max() == 1
    # 281 pictures of fear for 500 draws: each once, 219 of them twice.
    assert np.bincount(times[RAFDB == 6]).tolist() == [0, 62, 219]


def test_balanced_mixes_the_classes() -> None:
    order = epoch_order(RAFDB, "balanced", 500, seed=3, epoch=0)
    # 70 draws of 3500: ten of each class, give or take five standard deviations.
    assert np.bincount(RAFDB[order[:70]], minlength=7).max() < 25


def test_square_root_by_hand() -> None:
    labels = np.repeat([0, 1, 4], [81, 16, 1]).astype(np.int64)
    order = epoch_order(labels, "square-root", 500, seed=3, epoch=0)
    # 98 draws in the ratio 9 : 4 : 1
    assert np.bincount(labels[order]).tolist() == [63, 28, 0, 0, 7]
    assert np.bincount(order, minlength=98)[:81].max() == 1


def test_balanced_leaves_out_classes_that_do_not_occur() -> None:
    labels = np.array([2, 2, 5], np.int64)
    order = epoch_order(labels, "balanced", 4, seed=1, epoch=1)
    assert sorted(order.tolist()) == [0, 0, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("sampler", ["full", "balanced", "square-root"])
def test_order_depends_on_seed_and_epoch_alone(sampler) -> None:
    first = epoch_order(RAFDB, sampler, 300, 1, 2)
    assert (first == epoch_order(RAFDB, sampler, 300, 1, 2)).all()
    assert (first != epoch_order(RAFDB, sampler, 300, 1, 3)).any()
    assert (first != epoch_order(RAFDB, sampler, 300, 2, 1)).any()


@pytest.mark.parametrize(("rate", "expected"), [(0.1, 0.179), (0.2, 0.303), (0.3, 0.401)])
def test_balanced_sampling_raises_the_noise_of_rafdb(rate: float, expected: float) -> None:
    """The shares measured on EAC's three files, from RAF-DB's counts alone."""
    noisy = make_noise(RAFDB, rate, "symmetric", seed=1)
    wrong = noisy != RAFDB
    assert wrong[epoch_order(noisy, "full", 500, 1, 0)].mean() == pytest.approx(rate, abs=0.015)
    seen = [wrong[epoch_order(noisy, "balanced", 500, 1, e)].mean() for e in range(20)]
    # 70 000 draws: a standard deviation of less than 0.002.
    assert np.mean(seen) == pytest.approx(expected, abs=0.02)


def test_orders_are_the_same_on_every_machine() -> None:
    order = epoch_order(np.arange(70, dtype=np.int64) % 7, "balanced", 12, seed=1, epoch=2)
    assert hashlib.sha256(order.astype("<i8").tobytes()).hexdigest()[:16] == "2c6d5a20e932d0e6"
