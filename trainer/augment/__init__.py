"""Augmentation of a whole batch at once, on the device that trains.

What a webcam does to a face that the training pictures lack, in the order in which it happens:
framing, tilt and turning; things in front of the face; light; colours; blur, too few pixels,
noise, compression.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trainer.augment.camera import add_noise, blur, lose_detail
from trainer.augment.chance import Chance
from trainer.augment.cover import cover, erase
from trainer.augment.geometry import warp
from trainer.augment.jpeg import jpeg
from trainer.augment.landmarks import move
from trainer.augment.light import coloured, shade, tint, tone, turn_grey
from trainer.augment_options import AugmentConfig

_GREY = 127.5


@torch.no_grad()
def augment(crops: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """(B, C, S, S) float32 in 0..255, C = 1 or 3 → the same shape and range, a new tensor.

    No picture's change depends on the others of the batch. All chance comes from the CPU
    `generator`, so a run repeats on every device.
    """
    return _changed(crops, config, Chance(len(crops), crops.device, generator))


@torch.no_grad()
def augment_faces(
    crops: Tensor, geometry: Tensor, config: AugmentConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """`augment` of pictures and of the (B, GEOMETRY_SIZE) landmarks in them, moved together."""
    chance = Chance(len(crops), crops.device, generator)
    moved, alone = move(geometry, config, chance, generator)
    changed = _changed(crops, config, chance)
    return torch.where(alone[:, None, None, None], _GREY, changed), moved


def _changed(crops: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    with torch.autocast(crops.device.type, enabled=False):
        x = warp(crops.contiguous(), config, chance)
        colour = coloured(x)
        x = erase(x, config, chance)
        x = cover(x, config, chance, colour)
        x = shade(x, config, chance)
        x = tone(x, config, chance)
        x = tint(x, config, chance, colour)
        x = blur(x, config, chance)
        x = lose_detail(x, config, chance)
        x = add_noise(x, config, chance)
        x = jpeg(x, config, chance)
        return turn_grey(x, config, chance).clamp_(0, 255)
