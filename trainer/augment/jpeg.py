"""JPEG's loss, computed with tensors: 8x8 cosine transform, quantised and back."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.augment.chance import Chance
from trainer.augment_options import AugmentConfig

_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
"""ITU-T T.81, tables K.1 and K.2; rows are vertical frequencies."""

_TO_YCC = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
"""JFIF 1.02, without the offset of 128 of the colour differences."""


@lru_cache(maxsize=8)
def _constants(device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    k = torch.arange(8, dtype=torch.float64)
    cosines = torch.cos((2 * k + 1) * k[:, None] * math.pi / 16) / 2
    cosines[0] /= math.sqrt(2)
    # One 64x64 matrix transforms a whole flattened block: faster than two 8x8 products.
    return (
        torch.kron(cosines, cosines).float().to(device),
        torch.tensor(_LUMINANCE, dtype=torch.float32, device=device).flatten(),
        torch.tensor(_CHROMINANCE, dtype=torch.float32, device=device).flatten(),
        torch.tensor(_TO_YCC, device=device),
        torch.tensor(_TO_RGB, device=device),
    )


def _scaled(table: Tensor, quality: Tensor) -> Tensor:
    """(K, 64) steps of quantisation: libjpeg's scaling of a table by a quality in 1..100."""
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    return ((table * percent[:, None] + 50) / 100).floor().clamp(1, 255)


def _planes(x: Tensor, steps: Tensor, cosines: Tensor) -> Tensor:
    """(K, C, H, W) around 0 → the same through quantisation by `steps` (K, 64)."""
    n, channels, height, width = x.shape
    x = F.pad(x, (0, -width % 8, 0, -height % 8), mode="replicate")
    rows, columns = x.shape[2] // 8, x.shape[3] // 8
    x = x.view(n, channels, rows, 8, columns, 8).permute(0, 1, 2, 4, 3, 5).reshape(n, -1, 64)
    kept = (x @ cosines.T).div_(steps[:, None]).round_().mul_(steps[:, None]) @ cosines
    kept = kept.view(n, channels, rows, columns, 8, 8).permute(0, 1, 2, 4, 3, 5)
    return kept.reshape(n, channels, rows * 8, columns * 8)[:, :, :height, :width]


def _mix(x: Tensor, matrix: Tensor) -> Tensor:
    """(K, 3, H, W) → the same with `matrix` (3, 3) applied to the channels."""
    return (matrix @ x.flatten(2)).view_as(x)


def compressed(x: Tensor, quality: Tensor) -> Tensor:
    """(K, C, H, W) in 0..255 as it comes out of a JPEG file of `quality` (K,) in 1..100.

    C = 3 is RGB, with the colour differences at half the resolution (4:2:0); C = 1 is luma.
    """
    cosines, luminance, chrominance, to_ycc, to_rgb = _constants(x.device)
    steps = _scaled(luminance, quality)
    if x.shape[1] == 1:
        return (_planes(x.round() - 128, steps, cosines) + 128).clamp_(0, 255)
    height, width = x.shape[-2:]
    ycc = _mix(x.round() - 128, to_ycc)
    luma = _planes(ycc[:, :1], steps, cosines)
    few = F.pad(ycc[:, 1:], (0, width % 2, 0, height % 2), mode="replicate")
    few = _planes(F.avg_pool2d(few, 2), _scaled(chrominance, quality), cosines)
    chroma = F.interpolate(few, scale_factor=2, mode="bilinear", align_corners=False)
    chroma = chroma[:, :, :height, :width]
    return (_mix(torch.cat([luma, chroma], dim=1), to_rgb) + 128).clamp_(0, 255)


def jpeg(x: Tensor, config: AugmentConfig, chance: Chance) -> Tensor:
    """Some pictures with quality 10…60. Changes `x`."""
    rows = chance.chosen("jpeg", config.jpeg)
    if len(rows):
        x[rows] = compressed(x[rows].clamp(0, 255), 10 + 50 * chance.of("jpeg")[1][rows])
    return x
