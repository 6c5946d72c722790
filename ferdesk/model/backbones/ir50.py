"""IR-50 (improved residual ArcFace network), cut after stage 3: the paper's image stream.

Stages of 3, 4 and 14 units at 64, 128 and 256 channels (docs/method.md); the fourth stage and the
embedding layer are not part of it. 17.6 M parameters, 5.47 GMAC at 112 px.
"""

from __future__ import annotations

from torch import Tensor, nn

from ferdesk.model.backbones.features import Features


class ImprovedResidualUnit(nn.Module):
    """BN, conv 3×3, PReLU, conv 3×3 with the stride, BN; added to a strided shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.shortcut_layer: nn.Module
        if inputs == outputs:
            self.shortcut_layer = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shortcut_layer(x) + self.res_layer(x)
        return out


def _stage(inputs: int, outputs: int, units: int) -> nn.Sequential:
    return nn.Sequential(
        ImprovedResidualUnit(inputs, outputs, 2),
        *(ImprovedResidualUnit(outputs, outputs, 1) for _ in range(units - 1)),
    )


class IR50(nn.Module):
    """(B, 3, 112, 112) RGB, (x - 127.5)/127.5 → maps of 64×56×56, 128×28×28 and 256×14×14.

    `units` and `width` shrink it for tests; the default is the published network.
    """

    def __init__(self, units: tuple[int, int, int] = (3, 4, 14), width: int = 64) -> None:
        super().__init__()
        self.channels = (width, 2 * width, 4 * width)
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.PReLU(width)
        )
        self.body1 = _stage(width, width, units[0])
        self.body2 = _stage(width, 2 * width, units[1])
        self.body3 = _stage(2 * width, 4 * width, units[2])

    def forward(self, image: Tensor) -> Features:
        fine = self.body1(self.input_layer(image))
        middle = self.body2(fine)
        return Features(fine, middle, self.body3(middle))
