"""Feature extractors of both streams and the one registry that builds them by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from ferdesk.model.backbones.efficientnet_lite import EfficientNetLite0
from ferdesk.model.backbones.ir50 import IR50
from ferdesk.model.backbones.mobilefacenet import MobileFaceNet
from ferdesk.model.backbones.mobilenet import MobileNet
from ferdesk.model.backbones.resnet8 import ResNet8
from ferdesk.model.backbones.resnet18 import ResNet18
from ferdesk.model.backbones.tiny import Tiny


class BackboneKind(NamedTuple):
    """How to build a backbone, and how its maps relate to the 28/14/7 grid of a 112 px crop."""

    build: Callable[[], nn.Module]
    align_stride: int
    """Stride that takes its maps to 28×28, 14×14 and 7×7."""
    last_strided: tuple[str, ...]
    """Its convolutions that halve the middle map on the way to the coarse one."""


BACKBONES: dict[str, BackboneKind] = {
    "ir50": BackboneKind(IR50, 2, ("body3.0.res_layer.3", "body3.0.shortcut_layer.0")),
    "efficientnet_lite0": BackboneKind(EfficientNetLite0, 1, ("_blocks.5._depthwise_conv",)),
    "mobilefacenet": BackboneKind(MobileFaceNet, 1, ("conv_45.conv_dw.conv",)),
    "mobilenet": BackboneKind(MobileNet, 1, ("blocks.5.depthwise",)),
    "resnet18": BackboneKind(ResNet18, 1, ("layer4.0.conv1", "layer4.0.downsample.0")),
    "resnet8": BackboneKind(ResNet8, 1, ("layer3.0.conv1", "layer3.0.downsample.0")),
    "tiny": BackboneKind(Tiny, 1, ("coarse.0",)),
}


def build_backbone(kind: str, coarse_stride: int = 2) -> nn.Module:
    """The backbone of that name; `coarse_stride` 1 leaves out its last halving.

    Its coarse map is then as large as the middle one (7×7 of a 56 px crop) with the same weights.
    """
    backbone = BACKBONES[kind].build()
    for name in BACKBONES[kind].last_strided if coarse_stride == 1 else ():
        convolution = backbone.get_submodule(name)
        assert isinstance(convolution, nn.Conv2d)
        convolution.stride = (1, 1)
    return backbone
