"""Where the pixels come from: framing, tilt, mirror and turning, in one resampling."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.augment.chance import Chance, normal, spread
from trainer.augment_options import AugmentConfig

_YAW, _PITCH = math.radians(35), math.radians(20)
_DEPTH, _WIDTH = 0.8, 1.0
"""The face's depth −d·X²/(1 + (X/w)²), in half edges of the crop: about as deep as it is wide."""
_PERSPECTIVE = 0.25
"""Half the crop's edge over the distance to the camera."""


def _centres(n: int, like: Tensor) -> Tensor:
    """(1, n) pixel centres in [-1, 1]."""
    return (2 * torch.arange(n, device=like.device, dtype=like.dtype) + 1)[None] / n - 1


def unturn(seen: Tensor, angle: Tensor) -> Tensor:
    """The place on the frontal face that is seen at `seen` once the face is turned.

    A point X of the face at depth z(X) is seen at u = X·cos a + z(X)·sin a; solved for X by
    Newton's method (u grows with X for |a| ≤ 40°). `seen` (1 or B, n), `angle` (B, 1) radians;
    returns (B, n).
    """
    cos, sin = angle.cos(), angle.sin()
    x = seen / cos
    for _ in range(6):
        base = 1 + (x / _WIDTH) ** 2
        value = x * cos - _DEPTH * x * x / base * sin - seen
        slope = cos - 2 * _DEPTH * x / base**2 * sin
        x = x - value / slope
    return x


def mirrors(config: AugmentConfig, chance: Chance) -> Tensor:
    """(B,) bool: which pictures are mirrored."""
    return chance.of("place")[4] < config.flip


def turning(config: AugmentConfig, chance: Chance) -> tuple[Tensor, Tensor]:
    """(B,) yaw and pitch in radians by which each face is turned out of the picture."""
    yaw, pitch, *_ = (normal(c) * config.pose for c in chance.of("pose"))
    return yaw * _YAW / 2, pitch * _PITCH / 2


def warp(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """(B, C, H, W) resampled: mirror, tilt, zoom, shift and pose."""
    height, width = x.shape[-2:]
    tilt, zoom, right, down, *_ = (c[:, None, None] for c in chance.of("place"))
    angle = normal(tilt) * math.radians(config.rotate / 2)
    size = 1 + spread(zoom) * config.scale
    mirror = torch.where(mirrors(config, chance), -1.0, 1.0)[:, None, None]
    cos, sin = angle.cos() / size, angle.sin() / size
    columns, rows = _centres(width, x), _centres(height, x)
    yaw, pitch = (angle[:, None] for angle in turning(config, chance))
    # The app's crop is scaled by the landmarks, which come nearer to each other on a turned face.
    closer = (2 + yaw.cos() + pitch.cos()) / 4
    u = unturn(columns * closer, yaw)[:, None, :]
    v = unturn(rows * closer, pitch)[:, :, None]
    if config.pose:
        u, v = (
            u * (1 + _PERSPECTIVE * pitch.sin()[:, :, None] * v),
            v * (1 + _PERSPECTIVE * yaw.sin()[:, :, None] * u),
        )
    grid = torch.stack(
        [
            cos * mirror * u - sin * v + 2 * config.shift * spread(right),
            sin * mirror * u + cos * v + 2 * config.shift * spread(down),
        ],
        dim=-1,
    )
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
