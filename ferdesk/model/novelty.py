"""How unlike every face of the training kind a picture is, from the image stream's own maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features

_LEAST = 1e-6


def pooled(image: Features) -> Tensor:
    """(B, 2 (C2 + C3)) float32: means and standard deviations over the middle map, which sees
    strokes and tones, and over the coarse one, which sees parts of faces."""
    maps = [each.float() for each in (image.middle, image.coarse)]
    means = [each.mean(dim=(2, 3), keepdim=True) for each in maps]
    spreads = [
        ((each - mean) ** 2).mean(dim=(2, 3)).clamp(min=_LEAST).sqrt()
        for each, mean in zip(maps, means, strict=True)
    ]
    return torch.cat([*(mean.flatten(1) for mean in means), *spreads], dim=1)


class NoveltyHead(nn.Module):
    """A logistic regression over `pooled`: log odds that a picture is none of the training kind.

    At even odds of both; fitted by `python -m trainer calibrate` (docs/method.md). Buffers, because
    no training step changes them.
    """

    mean: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.register_buffer("weight", torch.zeros(width))
        self.register_buffer("bias", torch.zeros(()))

    def forward(self, image: Features) -> Tensor:
        """(B,)"""
        standard = (pooled(image) - self.mean) / self.spread
        return (standard * self.weight).sum(dim=1) + self.bias


def with_spreads(head: NoveltyHead, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A network's tensors where earlier files, whose heads know the means alone, lack the spreads.

    These count nothing then.
    """
    out = dict(tensors)
    for name, value in (("mean", 0.0), ("spread", 1.0), ("weight", 0.0)):
        stored = out.get(f"novelty.{name}")
        if stored is not None and stored.ndim == 1 and 2 * len(stored) == len(head.mean):
            out[f"novelty.{name}"] = torch.cat([stored, torch.full_like(stored, value)])
    return out
