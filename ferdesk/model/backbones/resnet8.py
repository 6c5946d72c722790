"""A narrow ResNet of eight layers (He et al. 2016), for comparing many methods without a GPU.

A stem of stride 2, three stages of one basic block each, and the classifier outside of it. It
learns from random weights; there are no published ones. On CPUs with AMX, in bf16, it trains
several times as fast as `efficientnet_lite0`. 0.31 M parameters; 40 MMAC at 112 px, 19 at 56 px
with `coarse_stride` 1.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features
from ferdesk.model.backbones.resnet18 import residual_layer


class ResNet8(nn.Module):
    """(B, 3, S, S) → maps of 32, 64 and 128 channels at strides 4, 8 and 16."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.channels = (width, 2 * width, 4 * width)
        self.conv1 = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = residual_layer(width, width, 2, blocks=1)
        self.layer2 = residual_layer(width, 2 * width, 2, blocks=1)
        self.layer3 = residual_layer(2 * width, 4 * width, 2, blocks=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> Features:
        fine = self.layer1(F.relu(self.bn1(self.conv1(image))))
        middle = self.layer2(fine)
        return Features(fine, middle, self.layer3(middle))
