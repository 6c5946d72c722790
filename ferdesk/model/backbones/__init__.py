"""Feature extractors of both streams and the one registry that builds them by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from ferdesk.model.backbones.efficientnet_lite import EfficientNetLite0
from ferdesk.model.backbones.ir50 import IR50
from ferdesk.model.backbones.mobilefacenet import MobileFaceNet
from ferdesk.model.backbones.resnet18 import ResNet18
from ferdesk.model.backbones.tiny import Tiny


class BackboneKind(NamedTuple):
    """How to build a backbone, and how its maps relate to the 28/14/7 grid of a 112 px crop."""

    build: Callable[[], nn.Module]
    align_stride: int
    """Stride that takes its maps to 28×28, 14×14 and 7×7."""


BACKBONES: dict[str, BackboneKind] = {
    "ir50": BackboneKind(IR50, 2),
    "efficientnet_lite0": BackboneKind(EfficientNetLite0, 1),
    "mobilefacenet": BackboneKind(MobileFaceNet, 1),
    "resnet18": BackboneKind(ResNet18, 1),
    "tiny": BackboneKind(Tiny, 1),
}
