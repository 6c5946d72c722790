"""EAC: erasing attention consistency (Zhang et al., ECCV 2022), on one classifier.

A picture x and its mirror image x' must be explained by mirrored places. With F the coarse maps and
w the rows of the last layer, M_c = Σ_k w_{ck} F_k, and

    L = CE(logits(x), y) + λ MSE(M(x), flip(M(x'))),   λ = 5.

A network that memorises a wrong label does it with features of one side or one spot; erasing parts
of x' and asking for the same map takes these away. No label is changed, no epoch is special, and
only x is asked for its label. Prediction is one view.

Kept from the released code: w detached (the maps move through F alone) and without bias, both views
in passes of their own, so that batch norm never mixes them, MSE as a mean over batch, classes and
places.

Different from it:

* M counts features at the size that ResNet-18's have at the start (`Classifier.scale`), so that λ
  means the same on every backbone; `scaled=False` takes them as they are. The consistency grows
  with their square: on EfficientNet-lite0 from ImageNet λ = 5 would act like 108.
* x is the picture as the loop augments it for every method, with the loop's erasing; x' is the
  mirror image of that x with an erasing of its own on top (probability 0.5, 2 … 25 % of the area,
  side ratio 0.3 … 3.3). The released code erases both views by this rule before each pass.
* The published figures take the mean of the last five test epochs, batches of 32 and Adam with a
  rate of 2e-4 times 0.9 an epoch. Those belong to the run's configuration here.
* y may be a distribution; one-hot labels give the published loss.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.config import TrainConfig
from trainer.method_options import EacConfig
from trainer.methods.base import Batch, Method, Step
from trainer.methods.classifier import (
    Classifier,
    ClassifierMethod,
    build_classifier,
    soft_cross_entropy,
)

DEFAULT = EacConfig()


def class_activation_maps(maps: Tensor, weight: Tensor) -> Tensor:
    """M (B, 7, h, w): maps (B, C, h, w) weighted by `weight` (7, C), which gets no gradient."""
    return torch.einsum("bchw,kc->bkhw", maps, weight.detach())


def flip_consistency(plain: Tensor, mirrored: Tensor) -> Tensor:
    """MSE(M(x), flip(M(x'))) of two (B, 7, h, w) maps, the mean over everything."""
    return F.mse_loss(plain.float(), mirrored.flip(3).float())


def erase(crops: Tensor, fill: Tensor, options: EacConfig, generator: torch.Generator) -> Tensor:
    """(B, 3, S, S) with one rectangle of the colour `fill` (3, 1, 1) in some of the pictures.

    Random erasing (Zhong et al. 2020): area uniform, ratio log-uniform, the place uniform among
    those inside the picture. Chance comes from the CPU `generator` alone.
    """
    n, _, height, width = crops.shape
    low, high = options.erase_area
    first, last = (math.log(r) for r in options.erase_ratio)
    chance = torch.rand((n, 5), generator=generator).to(crops.device)
    area = (low + (high - low) * chance[:, 0]) * height * width
    ratio = (first + (last - first) * chance[:, 1]).exp()
    tall = (area * ratio).sqrt().round().clamp(max=height)
    wide = (area / ratio).sqrt().round().clamp(max=width)
    top = (chance[:, 2] * (height - tall + 1)).floor()
    left = (chance[:, 3] * (width - wide + 1)).floor()
    rows = torch.arange(height, device=crops.device)[None, :]
    columns = torch.arange(width, device=crops.device)[None, :]
    across = (rows >= top[:, None]) & (rows < (top + tall)[:, None])
    along = (columns >= left[:, None]) & (columns < (left + wide)[:, None])
    inside = across[:, :, None] & along[:, None, :]
    chosen = (chance[:, 4] < options.erase)[:, None, None]
    return torch.where((inside & chosen)[:, None], fill.to(crops.dtype), crops)


class EAC(ClassifierMethod):
    """A classifier whose activation maps must follow a mirrored, partly erased picture."""

    def __init__(self, network: Classifier, options: EacConfig = DEFAULT) -> None:
        super().__init__(network)
        self.options = options

    def forward(self, batch: Batch) -> Step:
        network = self._network
        # The mean of the input: 0 in the network, as the released code erases (near 0 when grey).
        mirrored = erase(
            batch.crops.flip(3), network.preprocess.mean, self.options, batch.generator
        )
        maps = network.maps(batch.crops)
        logits = network.head(network.pool(maps)).float()
        weight = network.fc.weight
        if self.options.scaled:
            weight = network.scale * weight
        consistency = flip_consistency(
            class_activation_maps(maps, weight),
            class_activation_maps(network.maps(mirrored), weight),
        )
        cls = soft_cross_entropy(logits, batch.targets)
        figures = {"cls": cls.detach(), "consistency": consistency.detach()}
        loss = cls + self.options.consistency * consistency
        return Step(loss, figures, logits.detach().softmax(dim=1))


def build(config: TrainConfig, _pictures: int) -> Method:
    """The method of this module; it keeps nothing per picture."""
    return EAC(build_classifier(config), config.eac)
