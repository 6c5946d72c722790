"""SCN: self-cure network (Wang et al., CVPR 2020): certainty weights, their ranking, new labels.

Every picture gets a weight α = σ(w·x + b) from its pooled features x, and

    P = softmax(α fc(x)),   L = CE(P, y) + max(0, δ1 - (mean α_high - mean α_low)),

where high are the β n largest weights of the n pictures of the batch, low the others. From an epoch
on, a picture with max P - P_y > δ2 gets argmax P as its label, for good. Prediction is the weighted
P of one view; since α > 0 it has the winner of fc(x).

Different from the released code:

* Only pictures of the low group get new labels, as the paper says; the released code does not ask
  for it and its author names this as the fix. `low_group_only=False` gives the released rule.
* A new label holds from the next epoch on; paper and author leave open whether the step that finds
  it already uses it. A picture that an epoch draws more than once (balanced sampler) gets the label
  found most often, where the released code keeps the last.
* α sees the features at the size that ResNet-18's have at the start (`Classifier.scale`): ones four
  times as large would give it values near 0 and 1 before anything is learned.
* δ1 = 0.07 is the released value, for batches of 64; the paper has 0.15 for batches of 1024.
* New labels start with epoch 10 of the 70 published ones; shorter or longer runs keep that share,
  but start after 400 updates, unless `relabel_epoch` is given. Adam, its rate of 1e-3 and 0.9 an
  epoch belong to the run.
* y may be a distribution; P_y is then the share of its winner, and a new label is one-hot.

With a batch computed in parts, each part is ranked by itself.
"""

from __future__ import annotations

import logging

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferdesk.model.config import Preprocessing
from ferdesk.model.labels import NUM_EXPRESSIONS
from trainer.config import TrainConfig
from trainer.method_options import RulConfig, ScnConfig
from trainer.methods.base import Batch, Method, Step
from trainer.methods.classifier import (
    Classifier,
    ClassifierMethod,
    input_of,
    load_first_weights,
    soft_cross_entropy,
)

log = logging.getLogger(__name__)


DEFAULT = ScnConfig()


class ScnClassifier(Classifier):
    """A classifier whose logits are multiplied by a certainty weight."""

    def __init__(
        self, backbone_kind: str, preprocessing: Preprocessing, image_size: int, coarse_stride: int
    ) -> None:
        super().__init__(backbone_kind, preprocessing, image_size, coarse_stride)
        self.alpha = nn.Linear(self.width, 1)

    def certainty(self, embedding: Tensor) -> Tensor:
        """α (B,) in (0, 1), float32, of (B, C)."""
        return torch.sigmoid(self.alpha(self.scale * embedding).float()).squeeze(1)

    def head(self, embedding: Tensor) -> Tensor:
        return self.certainty(embedding)[:, None] * super().head(embedding).float()


def split_by_rank(alpha: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """Positions of the high and of the low group of α (B,); ⌊β B⌋ are high."""
    high = int(beta * len(alpha) + 1e-9)
    order = alpha.detach().argsort(descending=True, stable=True)
    return order[:high], order[high:]


def rank_regularisation(alpha: Tensor, high: Tensor, low: Tensor, margin: float) -> Tensor:
    """max(0, δ1 - (mean α_high - mean α_low)); 0 where a group is empty."""
    if not len(high) or not len(low):
        return alpha.sum() * 0.0
    return (margin - (alpha[high].mean() - alpha[low].mean())).clamp_min(0.0)


def new_labels(probabilities: Tensor, labels: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """argmax P (B,) and where max P - P_y > δ2 (B,) bool, of (B, 7) and the labels in use."""
    largest, winner = probabilities.max(dim=1)
    own = probabilities.gather(1, labels[:, None]).squeeze(1)
    return winner, largest - own > margin


class Relabels(nn.Module):
    """Labels that a method has put in place of those given, one row per training picture.

    Found labels are counted, and replace the given ones between epochs. Counts, unlike labels, add
    up over processes and over repeated draws of one picture.

    Figures: `found`, the share of the pictures that gets a new label after this epoch, and
    `relabelled`, how many of the training set have one.
    """

    per_picture = ("relabels.found",)
    """What a method that keeps these as `relabels` has per picture."""

    relabelled: Tensor
    found: Tensor

    def __init__(self, pictures: int, options: ScnConfig | RulConfig, first_epoch: int) -> None:
        super().__init__()
        self.options, self.first_epoch = options, first_epoch
        self.register_buffer("relabelled", torch.full((pictures,), -1))
        """(N,) int64 labels used instead of those given; -1: as given."""
        self.register_buffer("found", torch.zeros(pictures, NUM_EXPRESSIONS, dtype=torch.int32))
        """(N, 7) int32: how often this epoch found which new label."""

    def in_force(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Targets (B, 7) and labels (B,) of the batch with the new labels so far."""
        new = self.relabelled[batch.rows]
        changed = new >= 0
        one_hot = F.one_hot(new.clamp_min(0), NUM_EXPRESSIONS).to(batch.targets.dtype)
        targets = torch.where(changed[:, None], one_hot, batch.targets)
        return targets, torch.where(changed, new, batch.labels)

    def find(self, batch: Batch, answer: Tensor, labels: Tensor, low: Tensor) -> dict[str, Tensor]:
        """Count the new labels that the `answer` (B, 7) asks for; returns the figures.

        `labels` (B,) are those in force, `low` the positions that may get new ones.
        """
        figures = {"relabelled": (self.relabelled >= 0).float().sum()}
        if batch.epoch + 1 >= self.first_epoch:
            winner, chosen = new_labels(answer, labels, self.options.relabel_margin)
            if self.options.low_group_only:
                chosen = chosen & torch.zeros_like(chosen).index_fill(0, low, True)
            once = chosen.to(self.found.dtype)
            self.found.index_put_((batch.rows, winner), once, accumulate=True)
            figures["found"] = chosen.float().mean()
        return figures

    def put_in_force(self, epoch: int) -> None:
        """Use the labels found in this epoch, from 0, from the next one on."""
        if epoch + 1 < self.first_epoch:
            return
        changed = self.found.sum(dim=1) > 0
        self.relabelled.copy_(torch.where(changed, self.found.argmax(dim=1), self.relabelled))
        self.found.zero_()
        log.info("epoch %d: %d pictures get a new label", epoch + 1, int(changed.sum()))


class SCN(ClassifierMethod):
    """A classifier with certainty weights and the labels it has replaced."""

    per_picture = Relabels.per_picture
    _network: ScnClassifier

    def __init__(
        self, network: ScnClassifier, pictures: int, first_epoch: int, options: ScnConfig = DEFAULT
    ) -> None:
        super().__init__(network)
        self.options = options
        self.relabels = Relabels(pictures, options, first_epoch)

    def forward(self, batch: Batch) -> Step:
        network, options = self._network, self.options
        embedding = network.pool(network.maps(batch.crops))
        alpha = network.certainty(embedding)
        logits = alpha[:, None] * network.fc(embedding).float()
        targets, labels = self.relabels.in_force(batch)
        high, low = split_by_rank(alpha, options.beta)
        cls = soft_cross_entropy(logits, targets)
        rank = rank_regularisation(alpha, high, low, options.rank_margin)
        answer = logits.detach().softmax(dim=1)
        figures = {"cls": cls.detach(), "rank": rank.detach(), "alpha": alpha.detach().mean()}
        figures |= self.relabels.find(batch, answer, labels, low)
        return Step(cls + rank, figures, answer)

    def after_epoch(self, epoch: int) -> None:
        self.relabels.put_in_force(epoch)


def build(config: TrainConfig, pictures: int) -> Method:
    """The method of this module for a training set of `pictures`."""
    network = ScnClassifier(*input_of(config))
    load_first_weights(network, config)
    first = config.scn.first_epoch(config.epochs, config.updates_per_epoch(pictures))
    return SCN(network, pictures, first, config.scn)
