"""Augmentation of a whole batch at once, on the device that trains.

What a webcam does to a face that the training pictures lack: other framing, tilt, light, blur,
compression-like loss of detail, noise, and things in front of the face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class AugmentConfig:
    """Strengths; 0 switches a part off."""

    flip: float = 0.5
    """Probability of a mirror image."""
    rotate: float = 12.0
    """Standard deviation is half of this; degrees."""
    scale: float = 0.12
    shift: float = 0.05
    """Share of the edge."""
    brightness: float = 0.2
    contrast: float = 0.3
    gamma: float = 0.3
    detail: float = 0.3
    """Probability of losing detail: shrunk to 24…80 pixels and enlarged again."""
    noise: float = 8.0
    """Largest standard deviation of Gaussian noise, grey values."""
    erase: float = 0.4
    """Probability of one grey rectangle of 2…15 % of the area."""


def _normal(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator).to(like.device)


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator).to(like.device)


def _warp(x: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    n = x.shape[0]
    angle = _normal((n,), x, generator).clamp(-2, 2) * math.radians(config.rotate / 2)
    zoom = 1 + (2 * _uniform((n,), x, generator) - 1) * config.scale
    shift = (2 * _uniform((n, 2), x, generator) - 1) * 2 * config.shift
    mirror = torch.where(_uniform((n,), x, generator) < config.flip, -1.0, 1.0)
    cos, sin = angle.cos() / zoom, angle.sin() / zoom
    theta = torch.stack(
        [
            torch.stack([cos * mirror, -sin, shift[:, 0]], dim=1),
            torch.stack([sin * mirror, cos, shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _lose_detail(x: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    edge = int(torch.randint(24, 81, (1,), generator=generator))
    coarse = F.interpolate(x, size=(edge, edge), mode="area")
    coarse = F.interpolate(coarse, size=x.shape[-2:], mode="bilinear", align_corners=False)
    chosen = _uniform((x.shape[0], 1, 1, 1), x, generator) < config.detail
    return torch.where(chosen, coarse, x)


def _light(x: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    n = x.shape[0]

    def spread(width: float) -> Tensor:
        return (2 * _uniform((n, 1, 1, 1), x, generator) - 1) * width

    x = (x / 255).clamp(1e-3, 1) ** (1 + spread(config.gamma))
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    x = (x - mean) * (1 + spread(config.contrast)) + mean + spread(config.brightness)
    return x * 255


def _erase(x: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    n, _, height, width = x.shape
    area = 0.02 + 0.13 * _uniform((n, 1, 1, 1), x, generator)
    ratio = torch.exp((2 * _uniform((n, 1, 1, 1), x, generator) - 1) * 0.7)
    half_h, half_w = (area * ratio).sqrt() / 2, (area / ratio).sqrt() / 2
    centre = _uniform((n, 2, 1, 1, 1), x, generator)
    rows = (torch.arange(height, device=x.device).view(1, 1, -1, 1) + 0.5) / height
    columns = (torch.arange(width, device=x.device).view(1, 1, 1, -1) + 0.5) / width
    inside = ((rows - centre[:, 0]).abs() < half_h) & ((columns - centre[:, 1]).abs() < half_w)
    chosen = _uniform((n, 1, 1, 1), x, generator) < config.erase
    grey = 255 * _uniform((n, 1, 1, 1), x, generator)
    return torch.where(inside & chosen, grey, x)


def augment(crops: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """(B, C, S, S) float in 0..255 → the same shape and range, each picture changed by itself.

    All chance comes from the CPU `generator`, so a run repeats whatever the device.
    """
    x = _warp(crops, config, generator)
    x = _lose_detail(x, config, generator)
    x = _light(x, config, generator)
    if config.noise:
        strength = config.noise * _uniform((x.shape[0], 1, 1, 1), x, generator)
        x = x + strength * _normal(tuple(x.shape), x, generator)
    return _erase(x, config, generator).clamp(0, 255)
