"""DMUE (She et al. 2021): one auxiliary branch per class, and a pairwise uncertainty.

The backbone is shared up to its middle map; its last stage is there once for the target branch and
once more for each of the C classes. Auxiliary branch c learns from the pictures of the other
classes only, and says which of those a picture of class c resembles: its latent distribution.

    L = r_up(e) [CE(s·logits, y) + 0.5 L_soft + 0.2 L_sp] + r_down(e) mean_c CE_c

The target branch alone predicts. Differences from the released code:

* L_sp is the squared distance of a picture's similarities in both branches, from 0 to 4, the mean
  over the pictures. The released mean over all pairs is this over the size of the batch, and weighs
  1000: at the start twelve times the class loss, on an untrained ResNet-18 too, and its minimum is
  a collapse to few dimensions. Here it starts at a seventh of the class loss.
  `similarity_form="released"` with `similarity_weight=1000` is the published term.
* A batch without two pictures of every class is not skipped: absent classes count as similarity 0,
  and branches without a picture to learn from are left out of the means.
* The uncertainty network is trained; the released optimiser never gets it (`train_uncertainty`).
* Every branch has its own, trained BN-neck. The released one is shared and not trained, and its
  running statistics mix all branches though one predicts. The neck comes before the dropout.
* An auxiliary branch sees the whole batch once, not its two halves with statistics of their own.
* The ramps end at epoch 10 of the 36 published ones; shorter or longer runs keep that share, but
  take 400 updates at least, unless `ramp` is given. Rates, schedule, batch and sampler are the
  run's. As released, the first weights of the last stage are copied to all branches.
* A batch computed in parts is compared part by part.

The cross entropy of the target branch takes the given distribution, everything else its winner.
"""

from __future__ import annotations

import copy
import math
from typing import Any, Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.errors import FerdeskError
from ferdesk.model.config import Preprocessing
from ferdesk.model.labels import NUM_EXPRESSIONS
from trainer.config import TrainConfig
from trainer.method_options import DmueConfig
from trainer.methods.base import Batch, Method, Step
from trainer.methods.classifier import (
    Classifier,
    ClassifierMethod,
    input_of,
    load_first_weights,
    soft_cross_entropy,
    two_rates,
)

_LATE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "resnet18": (("layer2", "layer3"), ("layer4",)),
    "ir50": (("body2",), ("body3",)),
    "mobilefacenet": (("conv_34", "conv_4"), ("conv_45", "conv_5", "conv_6_sep")),
    "efficientnet_lite0": (
        ("_blocks.3", "_blocks.4"),
        tuple(f"_blocks.{i}" for i in range(5, 11)),
    ),
    "mobilenet": (
        ("blocks.3", "blocks.4"),
        tuple(f"blocks.{i}" for i in range(5, 11)),
    ),
    "resnet8": (("layer2",), ("layer3",)),
    "tiny": (("middle",), ("coarse",)),
}
"""Modules that run one after the other: up to the middle map, then from there to the coarse one.

The first chain starts at the fine map; in resnet18 one layer earlier, behind layer1."""


DEFAULT = DmueConfig()
SimilarityForm = Literal["rows", "released"]


def late_stages(backbone: nn.Module, kind: str, chains: int) -> list[nn.Module]:
    """The modules of `backbone` behind its middle map (1) or behind the early part (2), in order.

    Raises FerdeskError for a backbone whose last stages are not known.
    """
    if kind not in _LATE:
        raise FerdeskError(
            f"The backbone '{kind}' cannot be split into branches; choose one of "
            f"{', '.join(_LATE)}."
        )
    return [backbone.get_submodule(name) for chain in _LATE[kind][-chains:] for name in chain]


def ramp_up(epoch: int, ramp: float) -> float:
    """exp(-5 (1 - e/a)²) up to epoch a, then 1; e counts from 0."""
    return math.exp(-5 * (1 - epoch / ramp) ** 2) if epoch <= ramp else 1.0


def ramp_down(epoch: int, ramp: float) -> float:
    """1 before epoch a, then exp(-(1 - a/e)²); e counts from 0."""
    return 1.0 if epoch < ramp else math.exp(-((1 - ramp / epoch) ** 2))


def auxiliary_loss(logits: Tensor, labels: Tensor, absent: int) -> Tensor:
    """CE of branch `absent`: (B, C-1) logits on the pictures of other classes; 0 without any.

    Its classes are those of `labels` (B,) with the ones above `absent` moved down by one.
    """
    rows = labels != absent
    moved = labels - (labels > absent).long()
    # A sum, so that an empty selection gives 0 with a gradient instead of not a number.
    total = F.cross_entropy(logits[rows], moved[rows], reduction="sum")
    return total / rows.sum().clamp_min(1)


def latent_distribution(logits: Tensor, label: int, temperature: float) -> Tensor:
    """(n, C-1) logits of branch `label` → (n, C): softmax^(1/T), normalised, with 0 at `label`.

    No gradient goes through it.
    """
    sharp = (logits.detach() / temperature).softmax(dim=1)  # p^(1/T) / Σ p^(1/T)
    return torch.cat([sharp[:, :label], sharp.new_zeros(len(sharp), 1), sharp[:, label:]], dim=1)


def soft_loss(logits: Tensor, labels: Tensor, latent: Tensor) -> Tensor:
    """L_soft: MSE of softmax(logits) with the entry of the label set to 0, and `latent`; (B, C)."""
    others = logits.softmax(dim=1).scatter(1, labels[:, None], 0.0)
    return F.mse_loss(others, latent)


def similarity(features: Tensor) -> Tensor:
    """(n, D) → (n, n) inner products, each row of length 1."""
    return F.normalize(features @ features.T, dim=1)


def similarity_loss(
    auxiliary: list[Tensor], target: Tensor, labels: Tensor, form: SimilarityForm = "rows"
) -> Tensor:
    """L_sp: mean over branches and pictures of ‖a_i - b_i‖², rows of both branches' similarities.

    `auxiliary` holds one (B, C-1) output per class, `target` (B, D) the target branch's features.
    Branch c compares the pictures whose label is not c. Form `released`: the mean over all pairs.
    """
    losses = []
    for absent, output in enumerate(auxiliary):
        rows = labels != absent
        if rows.any():
            mean = F.mse_loss(similarity(output[rows]), similarity(target[rows]))
            losses.append(mean if form == "released" else rows.sum() * mean)
    return torch.stack(losses).mean()


def class_similarity(features: Tensor, labels: Tensor) -> Tensor:
    """(B, D), (B,) → (B, C): mean cosine to each class of the batch, scaled to [0, 1] in each row.

    A picture counts among its own class. Classes that are not in the batch get 0.
    """
    directions = F.normalize(features, dim=1)
    members = F.one_hot(labels, NUM_EXPRESSIONS).to(features.dtype)
    counts = members.sum(dim=0)
    mean = (directions @ directions.T @ members) / counts.clamp_min(1)
    absent = counts == 0
    low = mean.masked_fill(absent, math.inf).amin(dim=1, keepdim=True)
    high = mean.masked_fill(absent, -math.inf).amax(dim=1, keepdim=True)
    return ((mean - low) / (high - low).clamp_min(1e-6)).masked_fill(absent, 0.0)


def _neck(width: int) -> nn.BatchNorm1d:
    neck = nn.BatchNorm1d(width)
    neck.bias.requires_grad_(False)  # the classifier behind it has no bias either
    return neck


class TargetNetwork(Classifier):
    """The part that predicts: a classifier with a BN-neck, dropout and no bias."""

    def __init__(
        self,
        backbone_kind: str,
        preprocessing: Preprocessing,
        image_size: int,
        coarse_stride: int,
        dropout: float,
    ) -> None:
        super().__init__(backbone_kind, preprocessing, image_size, coarse_stride)
        self.neck = _neck(self.width)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(self.width, NUM_EXPRESSIONS, bias=False)

    def head(self, embedding: Tensor) -> Tensor:
        return super().head(self.dropout(self.neck(embedding)))


class Branch(nn.Module):
    """An auxiliary branch: its copy of the last stage, BN-neck and classifier of C-1 classes."""

    def __init__(self, stage: nn.Module, width: int, dropout: float) -> None:
        super().__init__()
        self.stage = stage
        self.neck = _neck(width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, NUM_EXPRESSIONS - 1, bias=False)

    def forward(self, middle: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, C-1) float32 logits of the shared map: with dropout and without."""
        necked = self.neck(self.stage(middle).mean(dim=(2, 3)))
        return self.classifier(self.dropout(necked)).float(), self.classifier(necked).float()


class DMUE(ClassifierMethod):
    """A target network with C auxiliary branches and an uncertainty network beside it."""

    _network: TargetNetwork

    def __init__(
        self, network: TargetNetwork, backbone: str, ramp: float, options: DmueConfig = DEFAULT
    ) -> None:
        super().__init__(network)
        self.options = options
        self.backbone = backbone
        self.ramp = ramp
        last = nn.Sequential(*late_stages(network.backbone, backbone, 1))
        self.branches = nn.ModuleList(
            Branch(copy.deepcopy(last), network.width, options.dropout)
            for _ in range(NUM_EXPRESSIONS)
        )
        self.uncertainty = nn.Sequential(
            nn.Linear(2 * NUM_EXPRESSIONS, NUM_EXPRESSIONS),
            nn.PReLU(),
            nn.Linear(NUM_EXPRESSIONS, 1),
            nn.Sigmoid(),
        ).requires_grad_(options.train_uncertainty)

    def renew_copies(self) -> None:
        last = nn.Sequential(*late_stages(self._network.backbone, self.backbone, 1))
        for branch in cast(list[Branch], list(self.branches)):
            branch.stage.load_state_dict(last.state_dict())

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        groups = two_rates(self._network, config, "backbone.")
        for branch in self.branches:
            groups += two_rates(branch, config, "stage.")
        return groups + two_rates(self.uncertainty, config, "backbone.")

    def forward(self, batch: Batch) -> Step:
        network, options, labels = self._network, self.options, batch.labels
        maps = network.backbone(network.image(batch.crops))
        pooled = network.pool(maps.coarse)
        necked = network.neck(pooled)
        dropped = network.dropout(necked)
        logits = network.fc(dropped).float()
        pairs = [branch(maps.middle) for branch in self.branches]
        learning, quiet = [z for z, _ in pairs], [z for _, z in pairs]
        compared, features = quiet, necked
        if options.similarity_after_dropout:
            compared, features = learning, dropped
        # bf16 is too coarse for the differences of inner products.
        with torch.autocast(batch.crops.device.type, enabled=False):
            latent = torch.stack(
                [latent_distribution(z, c, options.temperature) for c, z in enumerate(quiet)]
            )[labels, torch.arange(len(labels), device=labels.device)]
            own = F.one_hot(labels, NUM_EXPRESSIONS).float()
            alike = class_similarity(pooled.float(), labels)
            certainty: Tensor = self.uncertainty(torch.cat([alike, own], dim=1))
            # Branches without a picture count 0: only a batch of one class has such a branch.
            taught = (own.sum(dim=0) < len(labels)).sum()
            auxiliary = [auxiliary_loss(z, labels, c) for c, z in enumerate(learning)]
            figures = {
                "cls": soft_cross_entropy(certainty * logits, batch.targets),
                "soft": soft_loss(logits, labels, latent),
                "similarity": similarity_loss(
                    compared, features.float(), labels, options.similarity_form
                ),
                "auxiliary": torch.stack(auxiliary).sum() / taught,
            }
        target = (
            figures["cls"]
            + options.soft_weight * figures["soft"]
            + options.similarity_weight * figures["similarity"]
        )
        loss = ramp_up(batch.epoch, self.ramp) * target
        loss = loss + ramp_down(batch.epoch, self.ramp) * figures["auxiliary"]
        figures["certainty"] = certainty.mean()
        answer = logits.detach().softmax(dim=1)
        return Step(loss, {k: v.detach() for k, v in figures.items()}, answer)


def build(config: TrainConfig, pictures: int) -> Method:
    """The method of this module; it keeps nothing per picture."""
    network = TargetNetwork(*input_of(config), config.dmue.dropout)
    load_first_weights(network, config)
    ramp = config.dmue.ramp_end(config.epochs, config.updates_per_epoch(pictures))
    return DMUE(network, config.backbone, ramp, config.dmue)
