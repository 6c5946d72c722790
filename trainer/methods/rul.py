"""RUL: relative uncertainty learning (Zhang, Wang and Deng, NeurIPS 2021).

Two heads on the flattened map give a feature μ of 64 numbers and log σ² of as many; a picture's
uncertainty is u = mean_d exp(log σ²). Features are mixed with those of a random partner j:

    μ_mix = (u_i μ_i + u_j μ_j) / (u_i + u_j),   L = ½ CE(fc(μ_mix), y_i) + ½ CE(fc(μ_mix), y_j)

Both labels have to be read from the mixture, so the picture that is harder to recognise gets the
larger share: uncertainty is learned from the comparison alone. Prediction is fc(μ).

Different from the released code:

* `relabel` (off, as released) adds SCN's relabelling, which the author calls vital under noise
  without having published it. Its rule here, all of it our reading: from epoch 10 of 60 on, or as
  much of the run but after 400 updates, a picture with max P - P_y > 0.2 of P = softmax(fc(μ)) gets
  argmax P as its label from the next epoch on; only among the 30 % of largest u unless
  `low_group_only` is off.
* The heads fit the map of any image size and backbone, not 512×7×7 alone.
* Adam with 2e-4 for backbone and heads, 2e-3 for fc, 0.9 an epoch and batches of 64 belong to the
  run; `lr_backbone` is the rate of backbone and heads, `lr_head` that of fc.
* y may be a distribution; one-hot labels give the published loss.

With a batch computed in parts, partners and ranks are found within each part.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ferdesk.model.config import Preprocessing
from ferdesk.model.labels import NUM_EXPRESSIONS
from trainer.config import TrainConfig
from trainer.method_options import RulConfig
from trainer.methods.base import Batch, Method, Step
from trainer.methods.classifier import (
    Classifier,
    ClassifierMethod,
    input_of,
    load_first_weights,
    soft_cross_entropy,
    two_rates,
)
from trainer.methods.scn import Relabels, split_by_rank

DEFAULT = RulConfig()


def uncertainty(log_variance: Tensor) -> Tensor:
    """u (B,) = mean_d exp(log σ²) of (B, D)."""
    return log_variance.exp().mean(dim=1)


def mixed(features: Tensor, u: Tensor, partner: Tensor) -> Tensor:
    """(u_i μ_i + u_j μ_j) / (u_i + u_j) of μ (B, D), u (B,) and the partners j (B,) int64."""
    share = u / (u + u[partner])
    return share[:, None] * features + (1 - share)[:, None] * features[partner]


def add_up_loss(logits: Tensor, targets: Tensor, partner: Tensor) -> Tensor:
    """½ CE(logits, y_i) + ½ CE(logits, y_j) of the mixtures' (B, 7) logits."""
    own = soft_cross_entropy(logits, targets)
    return 0.5 * own + 0.5 * soft_cross_entropy(logits, targets[partner])


def _head(shape: torch.Size, outputs: int, dropout: float) -> nn.Sequential:
    """Map (B, C, h, w) of `shape` (C, h, w) → (B, outputs)."""
    return nn.Sequential(
        nn.BatchNorm2d(shape[0], eps=2e-5, affine=False),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(shape.numel(), outputs),
        nn.BatchNorm1d(outputs, eps=2e-5),
    )


class RulClassifier(Classifier):
    """The part that predicts: fc(μ); μ stands where others have the mean over positions."""

    def __init__(
        self,
        backbone_kind: str,
        preprocessing: Preprocessing,
        image_size: int,
        coarse_stride: int,
        options: RulConfig,
    ) -> None:
        super().__init__(backbone_kind, preprocessing, image_size, coarse_stride)
        self.backbone.eval()  # the picture of zeros must not enter the running statistics
        with torch.no_grad():
            maps = self.backbone(torch.zeros(1, 3, image_size, image_size)).coarse
        self.backbone.train()
        self.map_shape = maps.shape[1:]
        """(C, h, w) of the coarse map."""
        self.width = options.features
        self.mu = _head(self.map_shape, options.features, options.dropout)
        self.fc = nn.Linear(options.features, NUM_EXPRESSIONS)

    def pool(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) → μ (B, 64)."""
        out: Tensor = self.mu(maps)
        return out


class RUL(ClassifierMethod):
    """A classifier on μ, with the head of log σ² beside it and the labels it has replaced."""

    _network: RulClassifier

    def __init__(
        self, network: RulClassifier, pictures: int, first_epoch: int, options: RulConfig = DEFAULT
    ) -> None:
        super().__init__(network)
        self.options = options
        self.log_variance = _head(network.map_shape, options.features, options.dropout)
        self.relabels = Relabels(pictures if options.relabel else 0, options, first_epoch)
        if options.relabel:
            self.per_picture = Relabels.per_picture

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        return [
            *two_rates(self._network.backbone, config, ""),
            *two_rates(self._network.mu, config, ""),
            *two_rates(self.log_variance, config, ""),
            *two_rates(self._network.fc, config, "backbone."),
        ]

    def forward(self, batch: Batch) -> Step:
        network, options = self._network, self.options
        maps = network.maps(batch.crops)
        mu = network.pool(maps).float()
        u = uncertainty(self.log_variance(maps).float())
        targets, labels = batch.targets, batch.labels
        if options.relabel:
            targets, labels = self.relabels.in_force(batch)
        partner = torch.randperm(len(mu), generator=batch.generator).to(mu.device)
        loss = add_up_loss(network.head(mixed(mu, u, partner)), targets, partner)
        with torch.no_grad():
            answer = network.head(mu).float().softmax(dim=1)
        figures = {"cls": loss.detach(), "uncertainty": u.detach().mean()}
        if options.relabel:
            _, uncertain = split_by_rank(-u, options.certain_share)
            figures |= self.relabels.find(batch, answer, labels, uncertain)
        return Step(loss, figures, answer)

    def after_epoch(self, epoch: int) -> None:
        if self.options.relabel:
            self.relabels.put_in_force(epoch)


def build(config: TrainConfig, pictures: int) -> Method:
    """The method of this module for a training set of `pictures`."""
    network = RulClassifier(*input_of(config), config.rul)
    load_first_weights(network, config)
    first = config.rul.first_epoch(config.epochs, config.updates_per_epoch(pictures))
    return RUL(network, pictures, first, config.rul)
