"""MobileNet (Howard et al. 2017, width 1), cut at 7×7.

The point of it here are weights that were trained on faces: those of `faceres-deep` learned to tell
9,131 people of VGGFace2 apart. The part behind block 11 (4×4 at 112 px) is not used.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.backbones.efficientnet_lite import SameConv2d, tensorflow_norm
from ferdesk.model.backbones.features import Features

# outputs, stride
_BLOCKS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
)  # fmt: skip
_MAPS = (2, 4, 10)
"""Blocks, counted from 0, behind which the fine, middle and coarse maps lie."""


class Separable(nn.Module):
    """Depth-wise 3×3, then 1×1; a batch norm and ReLU6 behind each."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.depthwise = SameConv2d(inputs, inputs, 3, stride, groups=inputs, bias=False)
        self.depthwise_norm = tensorflow_norm(inputs)
        self.pointwise = SameConv2d(inputs, outputs, 1, bias=False)
        self.pointwise_norm = tensorflow_norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu6(self.depthwise_norm(self.depthwise(x)))
        return F.relu6(self.pointwise_norm(self.pointwise(h)))


class MobileNet(nn.Module):
    """(B, 3, 112, 112) RGB minus the mean colour, in 0..255 → maps of 128×28×28, 256×14×14 and
    512×7×7. 1.61 M parameters, 0.12 GMAC."""

    channels = (128, 256, 512)

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, 32, 3, 2, bias=False)
        self.stem_norm = tensorflow_norm(32)
        inputs = (32, *(outputs for outputs, _ in _BLOCKS))
        self.blocks = nn.ModuleList(
            Separable(before, outputs, stride)
            for before, (outputs, stride) in zip(inputs, _BLOCKS, strict=False)
        )

    def forward(self, image: Tensor) -> Features:
        x = F.relu6(self.stem_norm(self.stem(image)))
        maps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in _MAPS:
                maps.append(x)
        return Features(*maps)
