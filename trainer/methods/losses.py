"""The three losses of the paper's joint training (III.E; docs/method.md)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from trainer.config import AnchorForm


def class_distribution_loss(final: Tensor, target: Tensor) -> Tensor:
    """L_cls = -mean_i Σ_j y_j ln L_j for (B, 7) L_final and (B, 7) target distributions."""
    return -(target * final.clamp_min(1e-8).log()).sum(dim=-1).mean()


def anchor_loss(anchors: Tensor, form: AnchorForm = "bounded", margin: float = 1.5) -> Tensor:
    """L_a of anchors (7, K, E); `margin` M is used by the bounded form alone.

    * `bounded`: mean over pairs with i ≠ k of max(0, M - ‖a^{ij} - a^{kl}‖/√E)². It is 0 as soon as
      all classes are M apart.
    * `arbex`: -Σ_{i,k} Σ_j ‖a^{ij} - a^{kj}‖² / (√E K²), as the code of ARBEx (Wasi et al. 2023)
      has it: the j-th anchor of one class against the j-th of another, both orders counted.
    * `paper`: -Σ_i Σ_j Σ_k Σ_l ‖a^{ij} - a^{kl}‖², as printed. It counts pairs of the same class,
      against its own sentence.

    The last two have no floor: the anchors part without end (docs/method.md).
    """
    classes, per_class, width = anchors.shape
    if form == "arbex":
        apart = (anchors[:, None] - anchors[None, :]).square().sum()
        return -apart / (math.sqrt(width) * per_class**2)
    flat = anchors.reshape(classes * per_class, width)
    squared = (flat[:, None, :] - flat[None, :, :]).square().sum(dim=-1)
    if form == "paper":
        return -squared.sum()
    distance = (squared + 1e-12).sqrt() / math.sqrt(width)
    owner = torch.arange(classes, device=anchors.device).repeat_interleave(per_class)
    others = owner[:, None] != owner[None, :]
    return (margin - distance[others]).clamp_min(0).square().mean()


def centre_loss(embedding: Tensor, anchors: Tensor, labels: Tensor) -> Tensor:
    """L_c = mean_i min_k ‖e^i - a^{y_i k}‖² / √E for e (B, E), anchors (7, K, E), labels (B,)."""
    own = anchors[labels]
    squared = (embedding[:, None, :] - own).square().sum(dim=-1)
    return squared.min(dim=1).values.mean() / math.sqrt(embedding.shape[1])
