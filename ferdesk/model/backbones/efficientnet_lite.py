"""EfficientNet-lite0 (Liu 2020; Tan & Le 2019 without squeeze-and-excite and swish), cut at 7×7.

Module names follow the public ImageNet weights (``_conv_stem``, ``_blocks.N._expand_conv``, …), so
that their state dict loads; the part behind block 10 (4×4 at 112 px) is not used.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features

# kernel, stride, expansion, outputs, repeats
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
)


class SameConv2d(nn.Conv2d):
    """Convolution padded as TensorFlow's "same": at stride 2 the odd pixel goes right and below.

    Kernels are odd; at stride 2 height and width are even.
    """

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        half = kernel // 2
        if stride == 1:
            return self._convolved(x, 1, half)
        if self.training and self.groups > 1 and torch.is_autocast_enabled("cpu"):
            # oneDNN goes back through a depth-wise stride in bf16 at a quarter of this speed.
            taken = self._convolved(x, 1, half)[:, :, 1::2, 1::2]
            return taken.contiguous(memory_format=torch.channels_last)
        return self._convolved(F.pad(x, (half - 1, half, half - 1, half)), stride, 0)

    def _convolved(self, x: Tensor, stride: int, padding: int) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, stride, padding, self.dilation, self.groups)


def tensorflow_norm(channels: int) -> nn.BatchNorm2d:
    """As TensorFlow's models have it."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class InvertedResidual(nn.Module):
    """Expand, depth-wise, project; a shortcut where shape and stride allow it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = inputs * expand
        self.expands = expand != 1
        if self.expands:
            self._expand_conv = SameConv2d(inputs, hidden, 1, bias=False)
            self._bn0 = tensorflow_norm(hidden)
        self._depthwise_conv = SameConv2d(hidden, hidden, kernel, stride, groups=hidden, bias=False)
        self._bn1 = tensorflow_norm(hidden)
        self._project_conv = SameConv2d(hidden, outputs, 1, bias=False)
        self._bn2 = tensorflow_norm(outputs)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        h = F.relu6(self._bn1(self._depthwise_conv(h)))
        h = self._bn2(self._project_conv(h))
        return x + h if self.shortcut else h


class EfficientNetLite0(nn.Module):
    """(B, 3, 112, 112) RGB, (x - 127)/128 → maps of 24×28×28, 40×14×14 and 112×7×7."""

    channels = (24, 40, 112)

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, 32, 3, 2, bias=False)
        self._bn0 = tensorflow_norm(32)
        blocks: list[nn.Module] = []
        inputs = 32
        for kernel, stride, expand, outputs, repeats in _STAGES:
            for index in range(repeats):
                blocks.append(
                    InvertedResidual(inputs, outputs, kernel, stride if index == 0 else 1, expand)
                )
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)

    def forward(self, image: Tensor) -> Features:
        x = F.relu6(self._bn0(self._conv_stem(image)))
        maps = []
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in (2, 4, 10):
                maps.append(x)
        return Features(*maps)
