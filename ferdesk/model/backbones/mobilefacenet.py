"""MobileFaceNet (Chen et al. 2018): the landmark stream, and a light image stream.

Module names follow the published landmark weights, so that their state dict loads as it is
(keys ``conv1.conv.weight`` … ``conv_6_sep.prelu.weight``).
"""

from __future__ import annotations

from torch import Tensor, nn

from ferdesk.model.backbones.features import Features


class ConvBlock(nn.Module):
    """Convolution, batch norm and, unless `linear`, a PReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(outputs)
        self.prelu = nn.Identity() if linear else nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.prelu(self.bn(self.conv(x)))
        return out


class DepthWise(nn.Module):
    """Expand 1×1, depth-wise 3×3, project 1×1; with a shortcut when `residual`."""

    def __init__(
        self, inputs: int, outputs: int, expanded: int, stride: int, residual: bool = False
    ) -> None:
        super().__init__()
        self.conv = ConvBlock(inputs, expanded)
        self.conv_dw = ConvBlock(expanded, expanded, 3, stride, groups=expanded)
        self.project = ConvBlock(expanded, outputs, linear=True)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.project(self.conv_dw(self.conv(x)))
        return x + out if self.residual else out


class Residual(nn.Module):
    """A run of `blocks` shortcut blocks at one resolution."""

    def __init__(self, channels: int, expanded: int, blocks: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            *(DepthWise(channels, channels, expanded, 1, residual=True) for _ in range(blocks))
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.model(x)
        return out


class MobileFaceNetTail(nn.Module):
    """The part after ``conv_3``: 64×28×28 → 128×14×14 → 512×7×7."""

    channels = (64, 128, 512)

    def __init__(self) -> None:
        super().__init__()
        self.conv_34 = DepthWise(64, 128, 256, 2)
        self.conv_4 = Residual(128, 256, 6)
        self.conv_45 = DepthWise(128, 128, 512, 2)
        self.conv_5 = Residual(128, 256, 2)
        self.conv_6_sep = ConvBlock(128, 512)

    def forward(self, c3: Tensor) -> Features:
        c4 = self.conv_4(self.conv_34(c3))
        c5 = self.conv_6_sep(self.conv_5(self.conv_45(c4)))
        return Features(c3, c4, c5)


class MobileFaceNet(MobileFaceNetTail):
    """(B, 3, 112, 112) RGB in [0, 1] → maps of 64×28×28, 128×14×14 and 512×7×7.

    0.91 M parameters, 0.22 GMAC. The landmark regressor at its end is not part of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = ConvBlock(3, 64, 3, 2)
        self.conv2_dw = ConvBlock(64, 64, 3, 1, groups=64)
        self.conv_23 = DepthWise(64, 64, 128, 2)
        self.conv_3 = Residual(64, 128, 4)

    def forward(self, image: Tensor) -> Features:
        return super().forward(self.conv_3(self.conv_23(self.conv2_dw(self.conv1(image)))))
