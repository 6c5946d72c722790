"""Ada-DF: adaptive distribution fusion (Liu et al. 2023).

Two branches on a shared early part: the first learns from the labels; the second, which predicts,
from a fusion of what the first says of the picture and of what it says of the picture's class:

    logits_k = α_k fc_k(x_k),  α_k = σ(w_k·x_k + b_k),  w = (α_1 + α_2)/2 scaled to [0.2, 1]
    q = (1 - w) softmax(logits_1) + w LD[y]
    L = a_2 CE(logits_1, y) + a_1 KL(q ‖ softmax(logits_2)) + SCN's rank term on (α_1 + α_2)/2

LD[c], the distribution of class c, is the mean answer of branch 1 on the pictures labelled c where
that gives c itself at least τ = 0.7, else 0.7 for c and 0.05 for each of the others.

Different from the released code:

* LD comes from the answers of branch 1 during the epoch (augmented views, moving weights, training
  mode), not from a pass over the training set behind it, which would cost about a third more.
  Its means are less sure of themselves, so classes keep the fallback a little longer.
* α sees the features at the size that ResNet-18's have at the start (`Classifier.scale`).
* The fallback sums to 1; the released one, with 0.4/6 for the others, to 1.1 (`released_fallback`).
* No gradient goes through q (`detach_fused`): released, q also learns to agree with branch 2.
* The early part is frozen only where the run starts from published weights (`freeze_early`): a
  random one would stay random. It ends behind layer1 in ResNet-18 and at the fine map in other
  backbones. As released, its batch norms go on following the batches.
* The ramps end at epoch 3 of the 75 published ones; shorter or longer runs keep that share, but
  take 150 updates and one epoch at least, unless `ramp` is given. Adam with 1e-3, 0.9 an epoch,
  batches of 64 and RandAugment belong to the run.
* CE takes the given distribution y; one-hot labels give the published loss.

With a batch computed in parts, weights are scaled and ranked within each part.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.backbones.resnet18 import ResNet18
from ferdesk.model.labels import NUM_EXPRESSIONS
from trainer.config import TrainConfig
from trainer.method_options import AdaDfConfig
from trainer.methods.base import Batch, Method, Step
from trainer.methods.classifier import (
    ClassifierMethod,
    input_of,
    load_first_weights,
    soft_cross_entropy,
    two_rates,
)
from trainer.methods.dmue import late_stages
from trainer.methods.scn import ScnClassifier, rank_regularisation, split_by_rank

DEFAULT = AdaDfConfig()


def ramps(epoch: int, end: float) -> tuple[float, float]:
    """(a_1, a_2) of the epoch, from 1: the weights of KL and of CE."""
    if epoch <= end:
        return math.exp(-((1 - epoch / end) ** 2)), 1.0
    return 1.0, math.exp(-((1 - end / epoch) ** 2))


def fallback(threshold: float, released: bool) -> Tensor:
    """(7, 7): τ for the class itself, (1 - τ)/6 for the others; released: 0.4/6 for them."""
    others = (0.4 if released else 1 - threshold) / (NUM_EXPRESSIONS - 1)
    table = torch.full((NUM_EXPRESSIONS, NUM_EXPRESSIONS), others)
    return table.fill_diagonal_(threshold)


def class_distributions(
    sums: Tensor, counts: Tensor, threshold: float, otherwise: Tensor
) -> Tensor:
    """LD (7, 7) of summed answers (7, 7) and pictures (7,) a given label.

    A row is the mean answer where that gives the class itself at least `threshold`, and the row of
    `otherwise` where it gives less or the class had no picture.
    """
    means = sums / counts.clamp_min(1)[:, None]
    sure = (counts > 0) & (means.diagonal() >= threshold)
    return torch.where(sure[:, None], means, otherwise)


def scaled(weights: Tensor, smallest: float) -> Tensor:
    """Weights (B,) stretched to [smallest, 1]; all `smallest` where they are all the same."""
    low, high = weights.min(), weights.max()
    return (weights - low) / (high - low).clamp_min(1e-12) * (1 - smallest) + smallest


def fused(weights: Tensor, answer: Tensor, distributions: Tensor) -> Tensor:
    """q (B, 7) = (1 - w) answer + w LD[y] for w (B,) and (B, 7) each."""
    return (1 - weights)[:, None] * answer + weights[:, None] * distributions


def divergence(target: Tensor, logits: Tensor) -> Tensor:
    """mean_i KL(q ‖ softmax(logits)) of (B, 7) each."""
    return F.kl_div(logits.log_softmax(dim=1), target, reduction="batchmean")


class Branch(nn.Module):
    """Branch 1: its own copies of the late stages, fc and α."""

    def __init__(self, late: list[nn.Module], fc: nn.Module, width: int) -> None:
        super().__init__()
        self.stages = copy.deepcopy(nn.Sequential(*late))
        self.fc = copy.deepcopy(fc)
        self.alpha = nn.Linear(width, 1)

    def forward(self, early: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """The early map → logits (B, 7) and α (B,), float32; α sees `scale` times the features."""
        embedding = self.stages(early).mean(dim=(2, 3))
        alpha = torch.sigmoid(self.alpha(scale * embedding).float()).squeeze(1)
        return alpha[:, None] * self.fc(embedding).float(), alpha


class AdaDF(ClassifierMethod):
    """A network with α (the early part and branch 2), with branch 1 and LD beside it."""

    per_picture = ("sums", "counts")
    """They have one row per class, but add up over processes in the same way."""
    _network: ScnClassifier
    distributions: Tensor
    sums: Tensor
    counts: Tensor

    def __init__(
        self,
        network: ScnClassifier,
        backbone: str,
        ramp: float,
        frozen: bool,
        options: AdaDfConfig = DEFAULT,
    ) -> None:
        super().__init__(network)
        self.options = options
        self.backbone = backbone
        self.ramp = ramp
        late = late_stages(network.backbone, backbone, 2)
        self.branch = Branch(late, network.fc, network.width)
        if frozen:
            network.backbone.requires_grad_(False)
            for stage in late:
                stage.requires_grad_(True)
        self.register_buffer("distributions", fallback(options.threshold, released=False))
        """(7, 7): the LD in use, one row per class."""
        self.register_buffer("sums", torch.zeros(NUM_EXPRESSIONS, NUM_EXPRESSIONS))
        """(7, 7): answers of branch 1 summed over this epoch, one row per given label."""
        self.register_buffer("counts", torch.zeros(NUM_EXPRESSIONS))
        """(7,): pictures of this epoch with each given label."""

    def renew_copies(self) -> None:
        late = nn.Sequential(*late_stages(self._network.backbone, self.backbone, 2))
        self.branch.stages.load_state_dict(late.state_dict())

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        own = two_rates(self._network, config, "backbone.")
        return own + two_rates(self.branch, config, "stages.")

    def maps(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Crops → the early map that both branches share, and the coarse map of branch 2."""
        backbone = self._network.backbone
        image = self._network.image(crops)
        if not isinstance(backbone, ResNet18):
            maps = backbone(image)
            return maps.fine, maps.coarse
        early = coarse = backbone.upto(image, 1)
        for stage in late_stages(backbone, self.backbone, 2):
            coarse = stage(coarse)
        return early, coarse

    def forward(self, batch: Batch) -> Step:
        network, options, labels = self._network, self.options, batch.labels
        early, coarse = self.maps(batch.crops)
        first, alpha_first = self.branch(early, network.scale)
        embedding = network.pool(coarse)
        alpha_second = network.certainty(embedding)
        second = alpha_second[:, None] * network.fc(embedding).float()
        with torch.autocast(batch.crops.device.type, enabled=False):
            weights = (alpha_first + alpha_second) / 2
            high, low = split_by_rank(weights, options.beta)
            answer = first.softmax(dim=1)
            q = fused(scaled(weights, options.smallest_weight), answer, self.distributions[labels])
            self._remember(answer.detach(), labels)
            figures = {
                "cls": soft_cross_entropy(first, batch.targets),
                "fusion": divergence(q.detach() if options.detach_fused else q, second),
                "rank": rank_regularisation(weights, high, low, options.rank_margin),
            }
        a_1, a_2 = ramps(batch.epoch + 1, self.ramp)
        loss = a_2 * figures["cls"] + a_1 * figures["fusion"] + figures["rank"]
        figures["alpha"] = weights.mean()
        figures = {k: v.detach() for k, v in figures.items()}
        return Step(loss, figures, second.detach().softmax(dim=1))

    def _remember(self, answer: Tensor, labels: Tensor) -> None:
        # A product and not index_add_, whose order of summing is chance on a GPU.
        members = F.one_hot(labels, NUM_EXPRESSIONS).to(answer.dtype)
        self.sums += members.T @ answer
        self.counts += members.sum(dim=0)

    def after_epoch(self, epoch: int) -> None:  # noqa: ARG002
        options = self.options
        otherwise = fallback(options.threshold, options.released_fallback).to(self.sums.device)
        new = class_distributions(self.sums, self.counts, options.threshold, otherwise)
        self.distributions.copy_(new)
        self.sums.zero_()
        self.counts.zero_()


def build(config: TrainConfig, pictures: int) -> Method:
    """The method of this module; it keeps nothing per picture."""
    network = ScnClassifier(*input_of(config))
    load_first_weights(network, config)
    frozen = config.ada_df.freeze_early
    if frozen is None:
        frozen = bool(config.image_weights)
    ramp = config.ada_df.ramp_end(config.epochs, config.updates_per_epoch(pictures))
    return AdaDF(network, config.backbone, ramp, frozen, config.ada_df)
