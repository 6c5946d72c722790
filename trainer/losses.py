"""The three losses of the paper's joint training (III.E; docs/method.md)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def class_distribution_loss(final: Tensor, target: Tensor) -> Tensor:
    """L_cls = -mean_i Σ_j y_j ln L_j for (B, 7) L_final and (B, 7) target distributions."""
    return -(target * final.clamp_min(1e-8).log()).sum(dim=-1).mean()


def anchor_loss(anchors: Tensor, margin: float = 1.5) -> Tensor:
    """L_a, bounded: mean over pairs of different classes of max(0, M - ‖a^{ij} - a^{kl}‖/√E)².

    Anchors (7, K, E). The printed loss is a negative sum without a floor and includes pairs of the
    same class; this one is 0 as soon as all classes are M apart (docs/method.md).
    """
    classes, per_class, width = anchors.shape
    flat = anchors.reshape(classes * per_class, width)
    difference = flat[:, None, :] - flat[None, :, :]
    distance = (difference.square().sum(dim=-1) + 1e-12).sqrt() / math.sqrt(width)
    owner = torch.arange(classes, device=anchors.device).repeat_interleave(per_class)
    others = owner[:, None] != owner[None, :]
    return (margin - distance[others]).clamp_min(0).square().mean()


def centre_loss(embedding: Tensor, anchors: Tensor, labels: Tensor) -> Tensor:
    """L_c = mean_i min_k ‖e^i - a^{y_i k}‖² / √E for e (B, E), anchors (7, K, E), labels (B,)."""
    own = anchors[labels]
    squared = (embedding[:, None, :] - own).square().sum(dim=-1)
    return squared.min(dim=1).values.mean() / math.sqrt(embedding.shape[1])
