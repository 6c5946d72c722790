"""ResNet-18 (He et al. 2016), the backbone of most published methods for noisy expression labels.

The stem is the 7×7 convolution of stride 2 alone, without the max pooling behind it: a 112 px crop
then gives the same 56, 28, 14 and 7 grid in layer1 … layer4 that the papers have at 224 px. Pooling
has no weights, and module names follow the public ImageNet files (``conv1``, ``bn1``,
``layer1.0.conv1``, …), so that these and ``resnet18_msceleb.pth`` load. The classifier ``fc`` is
not part of it. 11.2 M parameters, 1.7 GMAC at 112 px.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with batch norm, the first with the stride, added to the shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)) + shortcut)


def residual_layer(inputs: int, outputs: int, stride: int, blocks: int = 2) -> nn.Sequential:
    """One of ``layer1`` … ``layer4``: `blocks` basic blocks, the stride in the first."""
    return nn.Sequential(
        BasicBlock(inputs, outputs, stride),
        *(BasicBlock(outputs, outputs, 1) for _ in range(blocks - 1)),
    )


class ResNet18(nn.Module):
    """(B, 3, 112, 112) RGB, ImageNet mean and deviation → 128×28×28, 256×14×14 and 512×7×7.

    `width` shrinks it for tests; the default is the published network.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.channels = (2 * width, 4 * width, 8 * width)
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = residual_layer(width, width, 1)
        self.layer2 = residual_layer(width, 2 * width, 2)
        self.layer3 = residual_layer(2 * width, 4 * width, 2)
        self.layer4 = residual_layer(4 * width, 8 * width, 2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stem(self, image: Tensor) -> Tensor:
        """(B, 3, S, S) → (B, 64, S/2, S/2)."""
        return F.relu(self.bn1(self.conv1(image)))

    def upto(self, image: Tensor, layer: int) -> Tensor:
        """The map behind ``layer1`` … ``layer4``, or behind the stem for 0.

        With it, a method that copies the last layers computes the shared ones once.
        """
        x = self.stem(image)
        for part in (self.layer1, self.layer2, self.layer3, self.layer4)[:layer]:
            x = part(x)
        return x

    def forward(self, image: Tensor) -> Features:
        fine = self.upto(image, 2)
        middle = self.layer3(fine)
        return Features(fine, middle, self.layer4(middle))
