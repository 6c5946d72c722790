"""Augmentation: range, repeatability, independence, and each part's effect."""

from dataclasses import fields, replace

import pytest
import torch

from trainer.augment import AugmentConfig, augment

OFF = AugmentConfig(**{f.name: 0.0 for f in fields(AugmentConfig)})


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 6) -> torch.Tensor:
    ramp = torch.linspace(0, 255, 112)
    return (ramp.view(1, 1, 1, -1) * 0.7 + ramp.view(1, 1, -1, 1) * 0.3).repeat(n, 3, 1, 1)


def test_everything_off_changes_nothing() -> None:
    assert torch.allclose(augment(pictures(), OFF, generator()), pictures(), atol=0.3)


def test_same_seed_same_pictures_and_the_range_holds() -> None:
    first = augment(pictures(), AugmentConfig(), generator(3))
    assert torch.equal(first, augment(pictures(), AugmentConfig(), generator(3)))
    assert not torch.equal(first, augment(pictures(), AugmentConfig(), generator(4)))
    assert first.min() >= 0
    assert first.max() <= 255
    assert first.shape == pictures().shape
    assert not torch.allclose(first[0], first[1]), "each picture has its own chance"


def test_flip_mirrors() -> None:
    out = augment(pictures(1), replace(OFF, flip=1.0), generator())
    assert torch.allclose(out, pictures(1).flip(-1), atol=0.3)


@pytest.mark.parametrize("part", ["rotate", "scale", "shift", "brightness", "contrast", "gamma"])
def test_each_part_does_something(part: str) -> None:
    strength = getattr(AugmentConfig(), part)
    out = augment(pictures(), replace(OFF, **{part: strength}), generator(1))
    assert (out - pictures()).abs().mean() > 0.5


def test_erasing_leaves_most_of_the_picture() -> None:
    out = augment(pictures(50), replace(OFF, erase=1.0), generator())
    changed = ((out - pictures(50)).abs() > 1).float().mean(dim=(1, 2, 3))
    assert 0.01 < changed.mean() < 0.16
