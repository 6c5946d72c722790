"""How unlike every face of the training kind a picture is, from the image stream's own maps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features


def pooled(image: Features) -> Tensor:
    """(B, C2 + C3) float32: means of the middle map, which sees strokes and tones, and of the
    coarse one, which sees parts of faces."""
    means = [each.float().mean(dim=(2, 3)) for each in (image.middle, image.coarse)]
    return torch.cat(means, dim=1)


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
