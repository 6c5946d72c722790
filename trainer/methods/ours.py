"""DWMCA + APCL, the paper's method with its ablations and our named additions.

The paper: L = λ_cls L_cls(L_final) + λ_a L_a + λ_c L_c. Not in the paper, and off by default:

* `lambda_primary`: a class loss on p besides the one on L_final, so that the primary branch is not
  starved once the anchors are certain.
* `refurbish`: targets (1 - w) y + w m with m a running mean of the network's own L_final for that
  picture; w rises from 0 to `refurbish` after the trust ramp.
* `lambda_flip`: L_final of the mirror image, with an erasing of its own, must agree with that of
  the picture: the mean of both Kullback-Leibler divergences. EAC asks this of its maps.
* `teacher`: the cross entropy to the mean L_final of other checkpoints (distillation).
* the witness's own class loss; no other loss reaches its weights.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.model.network import DualStreamFER
from ferdesk.model.purified import Purified
from trainer.augment.landmarks import mirrored
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.methods.base import Batch, Method, Step
from trainer.methods.build import build_network
from trainer.methods.eac import erase
from trainer.methods.folded_norms import unfold_on
from trainer.methods.losses import anchor_loss, centre_loss, class_distribution_loss

_MEMORY_MOMENTUM = 0.7


def disagreement(one: Tensor, other: Tensor) -> Tensor:
    """Mean over the batch of (KL(one‖other) + KL(other‖one)) / 2 of (B, 7) distributions."""
    a, b = one.float().clamp_min(1e-6), other.float().clamp_min(1e-6)
    return 0.5 * ((a - b) * (a.log() - b.log())).sum(dim=1).mean()


class Ours(Method):
    """A dual-stream network and its joint losses."""

    per_picture = ("memory",)

    def __init__(self, network: DualStreamFER, config: TrainConfig, pictures: int) -> None:
        super().__init__()
        self._network = network
        self.config = config
        rows = pictures if config.refurbish else 0
        self.register_buffer("memory", torch.zeros(rows, NUM_EXPRESSIONS))

    @property
    def network(self) -> DualStreamFER:
        return self._network

    def meet(self, training: PackedSet) -> None:
        standardise = self._network.preprocess.standardise
        if standardise is not None and not self.config.start_from:
            standardise.fit(torch.from_numpy(training.shapes()))
        unfold_on(self._network.image_backbone, self._network.preprocess, training)

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        """Backbone and new layers with their own rate; no decay on norms, biases and anchors."""
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self._network.named_parameters():
            if not parameter.requires_grad:
                continue
            rate = config.lr_backbone if name.startswith("image_backbone.") else config.lr_head
            plain = parameter.ndim <= 1 or name.endswith(("anchors", "positions"))
            groups.setdefault((rate, 0.0 if plain else config.weight_decay), []).append(parameter)
        return [
            {"params": parameters, "lr": rate, "base_lr": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ]

    def _refurbished(self, batch: Batch, final: Tensor) -> Tensor:
        """The targets with a share of what the network has said of these pictures before."""
        memory: Tensor = self.get_buffer("memory")
        known = memory[batch.rows]
        # Divided by its sum: two processes may have added to one row.
        total = known.sum(dim=1, keepdim=True)
        start = torch.where(total == 0, batch.targets, known / total.clamp_min(1e-8))
        memory[batch.rows] = _MEMORY_MOMENTUM * start + (1 - _MEMORY_MOMENTUM) * final.detach()
        ramp = self.config.trust_ramp
        weight = self.config.refurbish * min(1.0, max(0.0, (batch.progress - ramp) / 0.2))
        return (1 - weight) * batch.targets + weight * start

    def forward(self, batch: Batch) -> Step:
        config = self.config
        ramp = config.trust_ramp
        trust = min(1.0, batch.progress / ramp) if ramp else 1.0
        out = self._network(batch.crops, batch.geometry, trust=trust)
        targets = self._refurbished(batch, out.final) if config.refurbish else batch.targets
        figures = {"cls": class_distribution_loss(out.final, targets)}
        loss = config.lambda_cls * figures["cls"]
        if config.lambda_primary:
            figures["primary"] = class_distribution_loss(out.p, targets)
            loss = loss + config.lambda_primary * figures["primary"]
        anchors = self._network.apcl.anchors
        if anchors is not None:
            figures["anchor"] = anchor_loss(anchors, config.anchor_form)
            figures["centre"] = centre_loss(out.embedding, anchors, batch.labels)
            loss = loss + config.lambda_anchor * figures["anchor"]
            loss = loss + config.lambda_centre * figures["centre"]
        if config.lambda_flip:
            fill = self._network.preprocess.mean
            other = erase(batch.crops.flip(3), fill, config.eac, batch.generator)
            there = self._network(other, mirrored(batch.geometry), trust=trust)
            figures["flip"] = disagreement(out.final, there.final)
            loss = loss + config.lambda_flip * figures["flip"]
        if batch.taught is not None:
            figures["teacher"] = class_distribution_loss(out.final, batch.taught)
            loss = loss + config.lambda_teacher * figures["teacher"]
        if self._network.witness is not None:
            figures["witness"] = class_distribution_loss(out.p_lm, targets)
            loss = loss + config.lambda_witness * figures["witness"]
        return Step(loss, {k: v.detach() for k, v in figures.items()}, out.final.detach())

    def predict(self, crops: Tensor, geometry: Tensor | None = None) -> Purified[Tensor]:
        out: Purified[Tensor] = self._network(crops, geometry)
        return out


def build(config: TrainConfig, pictures: int) -> Method:
    """The method of this module for a training set of `pictures`."""
    return Ours(build_network(config), config, pictures)
