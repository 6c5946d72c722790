"""A three-convolution backbone for tests and smoke runs."""

from __future__ import annotations

from torch import Tensor, nn

from ferdesk.model.backbones.features import Features


def _step(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Tiny(nn.Module):
    """(B, 3, S, S) → maps of 8, 16 and 32 channels at strides 4, 8 and 16."""

    channels = (8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self.fine = _step(3, 8, 4)
        self.middle = _step(8, 16, 2)
        self.coarse = _step(16, 32, 2)

    def forward(self, image: Tensor) -> Features:
        fine = self.fine(image)
        middle = self.middle(fine)
        return Features(fine, middle, self.coarse(middle))
