"""What a cheap camera does: blur, too few pixels, noise. (B, C, S, S) float in 0..255."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.augment.chance import Chance, each
from trainer.augment_options import AugmentConfig

_LINE = 9
"""Longest motion, pixels."""
_BANK = 1 << 20


@lru_cache(maxsize=4)
def noise_bank(device: torch.device) -> Tensor:
    """Standard normal numbers, the same on every device; pictures take stretches of it.

    Drawing fresh noise for every pixel on the CPU would cost more than all the rest together.
    """
    return torch.randn(_BANK, generator=torch.Generator().manual_seed(0)).to(device)


def noise_like(x: Tensor, place: Tensor) -> Tensor:
    """(B, 1, S, S) noise from the bank at `place` (B,) in [0, 1)."""
    bank = noise_bank(x.device)
    pixels = x.shape[-2] * x.shape[-1]
    starts = (place.double() * (_BANK - pixels)).long()
    return bank.unfold(0, pixels, 1)[starts].view(x.shape[0], 1, *x.shape[-2:])


def _gaussian(edge: int, sigma: Tensor) -> Tensor:
    """(K, edge, edge) matrices that blur a column by `sigma` (K,) pixels."""
    at = torch.arange(edge, device=sigma.device, dtype=sigma.dtype)
    weight = (-0.5 * ((at[:, None] - at) / sigma[:, None, None]) ** 2).exp()
    # Far weights would be denormal numbers, which make products many times slower.
    weight = F.threshold(weight, 1e-6, 0.0)
    return weight / weight.sum(dim=2, keepdim=True)


def _coarse(edge: int, to: Tensor) -> Tensor:
    """(K, edge, edge) matrices that shrink a column to `to` (K,) pixels (area) and enlarge it again
    (linearly)."""
    most = torch.arange(edge, device=to.device, dtype=to.dtype)
    size = (edge / to)[:, None, None]
    first = most[None, :, None] * size
    start = torch.maximum(first, most)
    down = (torch.minimum(first + size, most + 1) - start).clamp(min=0) / size
    to = to[:, None, None]
    at = ((most[:, None] + 0.5) / size - 0.5).clamp(min=0).minimum(to - 1)
    up = (1 - (at - most).abs()).clamp(min=0) * (most < to)
    return up @ down


def _both_ways(x: Tensor, matrix: Tensor) -> Tensor:
    """M·x·Mᵀ of every channel: x (K, C, S, S), matrix (K, S, S)."""
    n, channels, edge, _ = x.shape
    across = matrix.transpose(1, 2)
    for _ in range(2):
        x = (x.reshape(n, channels * edge, edge) @ across).view(n, channels, edge, edge)
        x = x.transpose(2, 3)
    return x


def _motion(x: Tensor, length: Tensor, angle: Tensor) -> Tensor:
    """Averaged along a line of `length` (K,) pixels at `angle` (K,)."""
    n, channels, height, width = x.shape
    half = _LINE // 2
    at = torch.arange(-half, half + 1, device=x.device, dtype=x.dtype)
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    along = cos * at + sin * at[:, None]
    beside = cos * at[:, None] - sin * at
    kernel = (length[:, None, None] / 2 + 0.5 - along.abs()).clamp(0, 1)
    kernel = kernel * (1 - beside.abs()).clamp(min=0)
    kernel = kernel / kernel.sum(dim=(1, 2), keepdim=True)
    padded = F.pad(x, (half, half, half, half), mode="replicate")
    weight = kernel[:, None].repeat_interleave(channels, dim=0)
    out = F.conv2d(padded.reshape(1, n * channels, *padded.shape[2:]), weight, groups=n * channels)
    return out.view(n, channels, height, width)


def blur(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """Some pictures out of focus (0.5…2.5 pixels), as many moved (3…9 pixels). Changes `x`."""
    _, strength, way, *_ = chance.of("blur")
    soft = chance.chosen("blur", config.blur / 2)
    if len(soft):
        x[soft] = _both_ways(x[soft], _gaussian(x.shape[-1], 0.5 + 2 * strength[soft]))
    moved = chance.chosen("blur", config.blur, above=config.blur / 2)
    if len(moved):
        length = 3 + (_LINE - 3) * strength[moved]
        x[moved] = _motion(x[moved], length, math.pi * way[moved])
    return x


def lose_detail(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """Some pictures shrunk to 24…80 pixels and enlarged again. Changes `x`."""
    rows = chance.chosen("detail", config.detail)
    if len(rows):
        edge = x.shape[-1]
        to = (24 + 57 * chance.of("detail")[1][rows]).floor().clamp(max=edge)
        x[rows] = _both_ways(x[rows], _coarse(edge, to))
    return x


def add_noise(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """Gaussian noise, the same in all channels: cameras smooth the noise of colours away."""
    if not config.noise:
        return x
    strength, place, *_ = chance.of("noise")
    return x.add_(noise_like(x, place).mul_(config.noise * each(strength)))
