"""Things in front of the face. Pictures are (B, C, S, S) float in 0..255."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.augment.camera import noise_like
from trainer.augment.chance import Chance, each, spread
from trainer.augment_options import AugmentConfig


def _places(x: Tensor) -> Tensor:
    """(S,) pixel centres in (0, 1)."""
    edge = x.shape[-1]
    return (torch.arange(edge, device=x.device, dtype=x.dtype) + 0.5) / edge


def erase(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """One grey rectangle of 2…15 % of the area in some pictures. Changes `x`."""
    rows = chance.chosen("erase", config.erase)
    if not len(rows):
        return x
    _, size, shape, down, right, grey, *_ = (each(c[rows]) for c in chance.of("erase"))
    area, ratio = 0.02 + 0.13 * size, torch.exp(0.7 * spread(shape))
    half_h, half_w = (area * ratio).sqrt() / 2, (area / ratio).sqrt() / 2
    at = _places(x)
    inside = ((at[:, None] - down).abs() < half_h) & ((at - right).abs() < half_w)
    x[rows] = torch.where(inside, 255 * grey, x[rows])
    return x


def cover(x: Tensor, config: AugmentConfig, chance: Chance, colour: Tensor) -> Tensor:
    """A band over the lower or upper part of some pictures. Changes `x`.

    Lower bands begin between 0.55 and 0.85 of the height (a mask, a hand), upper ones end between
    0.12 and 0.45 (hair, a cap, dark glasses). The edge is slanted and 1…8 % of the height soft; the
    filling is flat or uneven, and coloured only on pictures that have colour.
    """
    rows = chance.chosen("cover", config.cover)
    if not len(rows):
        return x
    _, side, place, slant, soft, grey, uneven, hue = (each(c[rows]) for c in chance.of("cover"))
    lower = side < 0.5
    at = _places(x)
    line = torch.where(lower, 0.55 + 0.3 * place, 0.45 - 0.33 * place)
    line = line + 0.3 * spread(slant) * (at - 0.5)
    beyond = torch.where(lower, at[:, None] - line, line - at[:, None])
    share = torch.sigmoid(4 * beyond / (0.01 + 0.07 * soft))
    few = noise_like(x[rows, :, :12, :12], hue.flatten())
    texture = F.interpolate(few, size=x.shape[-2:], mode="bilinear", align_corners=False)
    filling = 255 * grey + 35 * uneven * texture
    if x.shape[1] == 3:
        turns = hue + torch.arange(3, device=x.device, dtype=x.dtype).view(1, 3, 1, 1) / 3
        filling = filling + 40 * colour[rows] * torch.cos(2 * torch.pi * turns)
    x[rows] = torch.lerp(x[rows], filling.expand_as(x[rows]), share)
    return x
