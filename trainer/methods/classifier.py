"""What the single-stream methods share: one backbone, mean pooling, one linear layer.

They have no landmark stream and no purification, so the app does not open them; their weights are
kept as the plain state of :class:`Classifier`.
"""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.errors import FerdeskError
from ferdesk.model.apcl import confidence
from ferdesk.model.backbones import BACKBONES, build_backbone
from ferdesk.model.config import Preprocessing
from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.model.network import Preprocess
from ferdesk.model.purified import Purified
from ferdesk.model.weights import load_backbone_weights
from trainer.choices import check_choice
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.methods.base import Method
from trainer.methods.build import preprocessing_for
from trainer.methods.folded_norms import spread_crops, unfold_on

log = logging.getLogger(__name__)

PUBLISHED_RMS = 1.29
"""Root mean square of the coarse map of an untrained ResNet-18, the backbone of the published
constants. EfficientNet-lite0 from ImageNet has 6.0."""
_MEASURED = 128
"""Training pictures that a backbone's own is measured on."""


class Classifier(nn.Module):
    """Crops (B, 3, S, S) RGB float in 0..255 → (B, 7) logits in the order of ``EXPRESSIONS``."""

    scale: Tensor

    def __init__(
        self,
        backbone_kind: str,
        preprocessing: Preprocessing,
        image_size: int,
        coarse_stride: int = 2,
    ) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(()))
        """Features are multiplied by it where a published constant depends on their size; logits
        are not. 1 until `measure_scale`."""
        check_choice("backbone", backbone_kind, BACKBONES)
        self.preprocess = Preprocess(preprocessing, image_size)
        self.backbone = build_backbone(backbone_kind, coarse_stride)
        self.width = cast(tuple[int, int, int], self.backbone.channels)[-1]
        """C: channels of the coarse map, length of the pooled embedding."""
        self.fc = nn.Linear(self.width, NUM_EXPRESSIONS)

    def image(self, crops: Tensor) -> Tensor:
        """Crops → what the backbone sees: (B, 3, image_size, image_size), (x - mean)/std."""
        image: Tensor = self.preprocess(crops)[0]
        return image

    def maps(self, crops: Tensor) -> Tensor:
        """Crops → the coarse map (B, C, h, w)."""
        maps: Tensor = self.backbone(self.image(crops)).coarse
        return maps

    def pool(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) → (B, C): the mean over positions."""
        return maps.mean(dim=(2, 3))

    @torch.no_grad()
    def measure_scale(self, crops: Tensor) -> None:
        """Set `scale` so that the coarse map of these crops gets the size that ResNet-18's has.

        The statistics of the batch are used, as in a step of training, and none is kept.
        """
        backbone = copy.deepcopy(self.backbone).train()
        size = backbone(self.image(crops)).coarse.float().square().mean().sqrt()
        self.scale.fill_(PUBLISHED_RMS / size.clamp_min(1e-6))

    def head(self, embedding: Tensor) -> Tensor:
        """(B, C) → (B, 7) logits."""
        logits: Tensor = self.fc(embedding)
        return logits

    def forward(self, crops: Tensor) -> Tensor:
        return self.head(self.pool(self.maps(crops)))


def load_first_weights(network: Classifier, config: TrainConfig) -> None:
    """``config.image_weights`` into the backbone; FerdeskError for a file that does not fit.

    Raises FerdeskError too for a `start_from`, which only the method `ours` has.
    """
    if config.start_from:
        raise FerdeskError(
            f"The method '{config.method}' cannot start from a checkpoint; take --train.start_from "
            "away and give the backbone's weights as --train.image_weights."
        )
    if config.image_weights:
        path = Path(config.image_weights).expanduser()
        report = load_backbone_weights(network.backbone, config.backbone, path)
        log.info("backbone %s: %s", config.backbone, report)
    else:
        log.warning("the backbone %s starts from random weights", config.backbone)


def input_of(config: TrainConfig) -> tuple[str, Preprocessing, int, int]:
    """The arguments of :class:`Classifier` for a run: backbone, preprocessing, image size, and the
    stride of the backbone's last halving."""
    size, stride = config.network.image_size or 112, config.network.coarse_stride or 2
    return config.backbone, preprocessing_for(config.backbone, config), size, stride


def build_classifier(config: TrainConfig) -> Classifier:
    """The plain classifier of a run, with its first weights loaded."""
    network = Classifier(*input_of(config))
    load_first_weights(network, config)
    return network


def two_rates(module: nn.Module, config: TrainConfig, backbone: str) -> list[dict[str, Any]]:
    """Optimiser groups: `lr_backbone` for parameters whose name starts with `backbone`, else
    `lr_head`; no weight decay on norms and biases.

    The released codes decay every parameter; here all methods, ours too, share one rule.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = config.lr_backbone if name.startswith(backbone) else config.lr_head
        decay = 0.0 if parameter.ndim <= 1 else config.weight_decay
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "base_lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """-mean_i Σ_j y_j ln softmax(logits)_j for (B, 7) each; float32 whatever the logits are."""
    return -(targets * F.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()


def as_purified(probabilities: Tensor, logits: Tensor, embedding: Tensor) -> Purified[Tensor]:
    """`Purified` of a method that purifies nothing: its (B, 7) distribution in every place."""
    certain = confidence(probabilities)
    return Purified(
        logits=logits,
        p=probabilities,
        t_g=probabilities,
        t_a=probabilities,
        t=probabilities,
        final=probabilities,
        p_lm=torch.full_like(probabilities, 1.0 / NUM_EXPRESSIONS),
        c_p=certain,
        c_g=certain,
        c_a=certain,
        c_t=certain,
        c_lm=torch.zeros_like(certain),
        novelty=torch.zeros_like(certain),
        embedding=embedding,
    )


class ClassifierMethod(Method):
    """A method whose network is a :class:`Classifier`; `forward` is left to it."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self._network = network

    @property
    def network(self) -> Classifier:
        return self._network

    def meet(self, training: PackedSet) -> None:
        if unfold_on(self._network.backbone, self._network.preprocess, training):
            self.renew_copies()
        self._network.measure_scale(spread_crops(training, _MEASURED))

    def renew_copies(self) -> None:
        """Bring the method's copies of late stages to the weights of the backbone."""

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        return two_rates(self, config, "_network.backbone.")

    def predict(self, crops: Tensor, _geometry: Tensor | None = None) -> Purified[Tensor]:
        embedding = self._network.pool(self._network.maps(crops))
        logits = self._network.head(embedding).float()
        return as_purified(logits.softmax(dim=1), logits, embedding)
