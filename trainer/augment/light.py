"""Light on the face and the camera's colours. Pictures are (B, C, S, S) float in 0..255."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from trainer.augment.chance import Chance, each, spread
from trainer.augment_options import AugmentConfig

_LUMA = (0.299, 0.587, 0.114)


def coloured(x: Tensor) -> Tensor:
    """(B, 1, 1, 1) float: 1 where a picture has colour, 0 where its channels are alike."""
    if x.shape[1] == 1:
        return x.new_zeros((x.shape[0], 1, 1, 1))
    few = x[:, :, ::4, ::4]
    apart = (few.amax(1) - few.amin(1)).flatten(1).amax(1)
    return each((apart > 2).to(x.dtype))


def luma(x: Tensor) -> Tensor:
    """(B, 3, S, S) RGB → (B, 1, S, S)."""
    weights = x.new_tensor(_LUMA).view(1, 3, 1, 1)
    return (x * weights).sum(dim=1, keepdim=True)


def tone(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """Gamma, contrast around the picture's mean, brightness."""
    if not (config.gamma or config.contrast or config.brightness):
        return x
    gamma, contrast, brightness, *_ = (spread(each(c)) for c in chance.of("light"))
    x = x / 255
    if config.gamma:
        x = x.clamp_(min=1e-3).log2_().mul_(1 + gamma * config.gamma).exp2_()
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    gain = 1 + contrast * config.contrast
    offset = mean * (1 - gain) + brightness * config.brightness
    return x.mul_(255 * gain).add_(255 * offset)


def shade(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """Light from one side: a gain exp(±s) on either side of a soft edge across the face."""
    if not config.shadow:
        return x
    strength, way, soft, place, *_ = chance.of("shadow")
    edge = x.shape[-1]
    at = (2 * torch.arange(edge, device=x.device, dtype=x.dtype) + 1) / edge - 1
    angle = 2 * math.pi * way
    across = (
        (angle.cos()[:, None] * at)[:, None, :]
        + (angle.sin()[:, None] * at)[:, :, None]
        - 0.6 * spread(place)[:, None, None]
    )
    sharp = (0.7 + 2 * soft)[:, None, None]
    gain = (torch.tanh(sharp * across) * (config.shadow * strength)[:, None, None]).exp()
    return x * gain[:, None]


def tint(x: Tensor, config: AugmentConfig, chance: Chance, colour: Tensor) -> Tensor:
    """White balance: one gain per channel; pictures without colour stay as they are."""
    if not config.tint or x.shape[1] == 1:
        return x
    gains = torch.stack(chance.of("tint")[: x.shape[1]], dim=1)[:, :, None, None]
    return x * (1 + colour * config.tint * spread(gains))


def turn_grey(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """Some colour pictures become grey."""
    if not config.grey or x.shape[1] != 3:
        return x
    rows = chance.chosen("grey", config.grey)
    if len(rows):
        x[rows] = luma(x[rows]).expand(-1, 3, -1, -1)
    return x
