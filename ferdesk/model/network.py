"""DualStreamFER: both backbones, DWMCA and APCL, from one config."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.apcl import APCL
from ferdesk.model.backbones import BACKBONES
from ferdesk.model.config import ArchitectureConfig, Preprocessing
from ferdesk.model.purified import Purified
from ferdesk.model.streams import Pyramid, SingleScale

_LUMA = (0.299, 0.587, 0.114)


class Preprocess(nn.Module):
    """Crops (B, 3, S, S) RGB in 0..255 → inputs of the image and of the landmark stream.

    The image stream gets (x - mean)/std; the landmark stream x/255, as its weights were trained.
    """

    mean: Tensor
    std: Tensor
    luma: Tensor

    def __init__(self, spec: Preprocessing, image_size: int, landmark_size: int) -> None:
        super().__init__()
        self.spec = spec
        self.image_size = image_size
        self.landmark_size = landmark_size
        self.register_buffer("mean", torch.tensor(spec.image_mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(spec.image_std).view(3, 1, 1), persistent=False)
        self.register_buffer("luma", torch.tensor(_LUMA).view(3, 1, 1), persistent=False)

    def _resize(self, x: Tensor, size: int) -> Tensor:
        if x.shape[-1] == size:
            return x
        return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        x = crops
        if self.spec.grayscale:
            x = (x * self.luma).sum(dim=1, keepdim=True)
        if self.spec.detail:
            x = F.avg_pool2d(x, self.spec.size // self.spec.detail)
        landmark = self._resize(x, self.landmark_size)
        image = self._resize(x, self.image_size)
        if self.spec.grayscale:
            # Concatenated and not expanded: OpenVINO folds a scale into the convolution behind a
            # broadcast and then finds one channel where the weights have three.
            image, landmark = torch.cat([image] * 3, dim=1), torch.cat([landmark] * 3, dim=1)
        return (image - self.mean) / self.std, landmark / 255.0


class DualStreamFER(nn.Module):
    """Image stream + frozen landmark stream → DWMCA → z → APCL.

    The landmark stream never trains: no gradient reaches it and it stays in evaluation mode.
    """

    def __init__(self, config: ArchitectureConfig, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.config = config
        self.preprocessing = preprocessing
        self.preprocess = Preprocess(preprocessing, config.image_size, config.landmark_size)
        image, landmark = BACKBONES[config.image_backbone], BACKBONES[config.landmark_backbone]
        self.image_backbone = image.build()
        self.landmark_backbone = landmark.build().requires_grad_(False)
        neck = Pyramid if config.scales == "pyramid" else SingleScale
        self.neck = neck(
            cast(tuple[int, int, int], self.image_backbone.channels),
            cast(tuple[int, int, int], self.landmark_backbone.channels),
            image.align_stride,
            config,
        )
        self.apcl = APCL(config)
        self.train(self.training)

    def train(self, mode: bool = True) -> DualStreamFER:
        super().train(mode)
        self.landmark_backbone.eval()
        return self

    def features(self, image: Tensor, landmark: Tensor) -> Tensor:
        """z (B, 768) of the inputs of both streams, as `preprocess` gives them."""
        with torch.no_grad():
            landmark_maps = self.landmark_backbone(landmark)
        out: Tensor = self.neck(self.image_backbone(image), landmark_maps)
        return out

    def answer(self, image: Tensor, landmark: Tensor, trust: float = 1.0) -> Purified[Tensor]:
        """`Purified` of B faces from the inputs of both streams."""
        out: Purified[Tensor] = self.apcl(self.features(image, landmark), trust)
        return out

    def forward(self, crops: Tensor, trust: float = 1.0) -> Purified[Tensor]:
        """Crops (B, 3, S, S) RGB float in 0..255 → `Purified` of B faces."""
        image, landmark = self.preprocess(crops)
        return self.answer(image, landmark, trust)

    def parameter_count(self) -> tuple[int, int]:
        """(all, trainable) parameters."""
        parameters = list(self.parameters())
        return (
            sum(p.numel() for p in parameters),
            sum(p.numel() for p in parameters if p.requires_grad),
        )
