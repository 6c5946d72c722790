"""Augmentation: range, repeatability, independence, and each part's effect."""

from dataclasses import fields, replace
from math import radians

import cv2
import numpy as np
import pytest
import torch

from trainer.augment import augment
from trainer.augment.camera import noise_like
from trainer.augment.geometry import unturn
from trainer.augment.jpeg import compressed
from trainer.augment_options import AugmentConfig

OFF = AugmentConfig(**{f.name: 0.0 for f in fields(AugmentConfig)})
ALL = AugmentConfig(cover=0.5, grey=0.5, blur=0.6, jpeg=0.6)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 6) -> torch.Tensor:
    ramp = torch.linspace(0, 255, 112)
    return (ramp.view(1, 1, 1, -1) * 0.7 + ramp.view(1, 1, -1, 1) * 0.3).repeat(n, 3, 1, 1)


def textured(n: int, channels: int = 3, edge: int = 112) -> torch.Tensor:
    """Smooth patches of random brightness with fine stripes, as (n, channels, edge, edge)."""
    few = torch.rand((n, channels, 12, 12), generator=generator(9))
    large = torch.nn.functional.interpolate(few, size=(edge, edge), mode="bicubic")
    stripes = 0.15 * torch.sin(torch.arange(edge) * 1.9)
    return (255 * (0.2 + 0.5 * large + stripes)).clamp(0, 255)


def test_everything_off_changes_nothing() -> None:
    assert torch.allclose(augment(pictures(), OFF, generator()), pictures(), atol=0.3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("edge", [45, 112])
def test_same_seed_same_pictures_and_the_range_holds(channels: int, edge: int) -> None:
    given = textured(12, channels, edge)
    kept = given.clone()
    first = augment(given, ALL, generator(3))
    assert torch.equal(first, augment(given, ALL, generator(3)))
    assert not torch.equal(first, augment(given, ALL, generator(4)))
    assert torch.equal(given, kept), "the pictures that were given must not change"
    assert torch.isfinite(first).all()
    assert first.min() >= 0
    assert first.max() <= 255
    assert first.shape == given.shape
    same = augment(textured(1, channels, edge).repeat(2, 1, 1, 1), ALL, generator(3))
    assert not torch.allclose(same[0], same[1]), "each picture has its own chance"


def test_a_picture_does_not_depend_on_the_others() -> None:
    given = textured(12)
    other = given.clone()
    other[1:] = 255 - other[1:]
    first, second = augment(given, ALL, generator(5)), augment(other, ALL, generator(5))
    assert torch.allclose(first[0], second[0], atol=1e-2)
    assert not torch.allclose(first[1], second[1], atol=1)
    drawn = generator(5)
    parts = torch.cat([augment(given[:5], ALL, drawn), augment(given[5:], ALL, drawn)])
    # Rounding may differ with the size of a product, and JPEG rounds it up to a quantisation step.
    assert ((parts - first).abs() < 1e-2).float().mean() > 0.99


def test_switching_a_part_off_leaves_the_chance_of_the_others() -> None:
    given = textured(8)
    with_noise = augment(given, replace(OFF, jpeg=0.5, noise=8), generator(2))
    without = augment(given, replace(OFF, jpeg=0.5), generator(2))
    changed = [bool((w - g).abs().max() > 1) for w, g in zip(without, given, strict=True)]
    assert 0 < sum(changed) < 8
    blocks = augment(given, replace(OFF, jpeg=0.5, flip=0.5), generator(2))
    back = torch.where((blocks[:, :, :20] - given[:, :, :20]).abs().mean((1, 2, 3)) > 20, 1, 0)
    assert back.sum() > 0, "some are mirrored"
    still = [i for i in range(8) if not back[i]]
    assert torch.allclose(blocks[still], without[still], atol=0.5)
    assert (with_noise - without).abs().mean() > 0.5


def test_flip_mirrors() -> None:
    out = augment(pictures(1), replace(OFF, flip=1.0), generator())
    assert torch.allclose(out, pictures(1).flip(-1), atol=0.3)


@pytest.mark.parametrize(
    "part",
    ["rotate", "scale", "shift", "pose", "brightness", "contrast", "gamma", "shadow", "tint"],
)
def test_each_part_does_something(part: str) -> None:
    strength = getattr(AugmentConfig(), part)
    given = textured(6)
    out = augment(given, replace(OFF, **{part: strength}), generator(1))
    assert (out - given).abs().mean() > 0.5
    assert (out - given).abs().mean() < 80


@pytest.mark.parametrize("part", ["blur", "detail"])
def test_blur_takes_the_stripes_and_leaves_the_light(part: str) -> None:
    given = textured(30)
    out = augment(given, replace(OFF, **{part: 1.0}), generator(1))
    fine = [(p[..., 1:] - p[..., :-1]).abs().mean((1, 2, 3)) for p in (given, out)]
    assert (fine[1] < fine[0]).all()
    assert fine[1].mean() < 0.7 * fine[0].mean()
    assert torch.allclose(out.mean((1, 2, 3)), given.mean((1, 2, 3)), atol=3)
    flat = torch.full((30, 3, 64, 64), 77.0)
    assert torch.allclose(augment(flat, replace(OFF, **{part: 1.0}), generator()), flat, atol=1e-2)


def test_half_of_the_pictures_are_chosen_for_a_probability_of_a_half() -> None:
    given = textured(1).repeat(200, 1, 1, 1)
    out = augment(given, replace(OFF, blur=0.5), generator(1))
    changed = ((out - given).abs().amax((1, 2, 3)) > 1).float().mean()
    assert 0.38 < changed < 0.62


def test_erasing_leaves_most_of_the_picture() -> None:
    out = augment(pictures(50), replace(OFF, erase=1.0), generator())
    changed = ((out - pictures(50)).abs() > 1).float().mean(dim=(1, 2, 3))
    assert 0.01 < changed.mean() < 0.16


def test_covers_lie_over_the_lower_or_the_upper_part() -> None:
    given = torch.full((60, 3, 112, 112), 300.0 / 2)
    out = augment(given, replace(OFF, cover=1.0), generator())
    covered = ((out - given).abs() > 2).float().mean(dim=(1, 3))
    below, above = covered[:, -8:].mean(1) > 0.9, covered[:, :6].mean(1) > 0.6
    assert 15 < below.sum() < 45
    assert 10 < above.sum() < 45
    assert not (below & above).any()
    assert covered[:, 50:56].mean() < 0.1, "the middle stays free"
    assert torch.equal(out[:, 0], out[:, 1]), "grey pictures get grey covers"


def test_a_turned_face_is_seen_where_the_equation_says() -> None:
    seen = torch.linspace(-1, 1, 21)[None]
    angle = torch.tensor([[radians(35.0)], [radians(-35.0)], [0.0]])
    x = unturn(seen, angle)
    depth = -0.8 * x**2 / (1 + x**2)
    assert torch.allclose(x * angle.cos() + depth * angle.sin(), seen.expand(3, -1), atol=1e-4)
    assert (x.diff(dim=1) > 0).all(), "no fold"
    assert torch.allclose(x[0], -x[1].flip(0), atol=1e-4)
    assert torch.allclose(x[2], seen[0], atol=1e-6)
    # The side turned away is foreshortened: the same stretch of the picture shows more of the face.
    assert x[0].diff()[-4:].mean() > 1.3 * x[0].diff()[:4].mean()


@pytest.mark.parametrize("quality", [10, 35, 60])
@pytest.mark.parametrize("edge", [112, 45])
def test_jpeg_is_what_a_jpeg_file_gives(quality: int, edge: int) -> None:
    given = textured(1, 3, edge).round()
    bgr = given[0].permute(1, 2, 0).byte().numpy()[..., ::-1]
    _, file = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = cv2.imdecode(file, cv2.IMREAD_COLOR)
    assert read is not None
    real = read[..., ::-1].astype(np.float32)
    ours = compressed(given, torch.tensor([float(quality)]))[0].permute(1, 2, 0).numpy()
    loss = np.abs(real - given[0].permute(1, 2, 0).numpy()).mean()
    assert loss > 2
    assert np.abs(ours - real).mean() < 0.3 * loss


def test_jpeg_of_one_channel_is_jpeg_of_three_alike() -> None:
    one = textured(3, 1)
    quality = torch.tensor([10.0, 30.0, 60.0])
    three = compressed(one.expand(-1, 3, -1, -1), quality)
    assert (three - compressed(one, quality)).abs().mean() < 0.2


def test_grey_and_tint_leave_grey_pictures_alone() -> None:
    given = textured(8, 1).expand(-1, 3, -1, -1)
    out = augment(given, replace(OFF, grey=1.0, tint=0.3), generator())
    assert torch.allclose(out, given, atol=0.1)
    everything = augment(given, ALL, generator())
    assert (everything.amax(1) - everything.amin(1)).max() < 1, "no colour comes from nowhere"
    colour = augment(textured(8), replace(OFF, grey=1.0), generator())
    luma = 0.299 * textured(8)[:, 0] + 0.587 * textured(8)[:, 1] + 0.114 * textured(8)[:, 2]
    assert torch.allclose(colour, luma[:, None].expand(-1, 3, -1, -1), atol=0.1)


def test_noise_has_its_strength_and_differs_between_pictures() -> None:
    noise = noise_like(torch.zeros(2, 3, 112, 112), torch.tensor([0.0, 0.999]))
    assert noise.shape == (2, 1, 112, 112)
    assert noise.std() == pytest.approx(1, abs=0.02)
    assert abs(float((noise[0] * noise[1]).mean())) < 0.05
