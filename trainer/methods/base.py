"""What the loop asks of a method: build, step, end of epoch, predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ferdesk.model.purified import Purified
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One micro-batch on the device that trains."""

    crops: Tensor
    """(B, 3, S, S) augmented RGB, float in 0..255."""
    raw: Tensor
    """(B, 3, S, S) the same pictures before augmentation, float in 0..255."""
    geometry: Tensor
    """(B, GEOMETRY_SIZE) landmarks, moved as `crops` were."""
    targets: Tensor
    """(B, 7) label distributions as given (noise included)."""
    taught: Tensor | None
    """(B, 7) what teachers say of these pictures; None without teachers."""
    labels: Tensor
    """(B,) int64 argmax of the targets."""
    rows: Tensor
    """(B,) int64 positions in the training set."""
    epoch: int
    """From 0."""
    progress: float
    """Share of the run that is done, in [0, 1)."""
    generator: torch.Generator
    """CPU generator for the random numbers of the method; the same for every repetition."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one forward pass of a method gives."""

    loss: Tensor
    """Scalar, mean over the micro-batch."""
    figures: dict[str, Tensor]
    """Scalars for the log, detached."""
    answer: Tensor
    """(B, 7) the distribution whose winner is the method's answer, detached."""


class Method(nn.Module):
    """A way to learn from noisy labels. Its parameters and buffers are saved with the run.

    `forward` is the training step, so that DistributedDataParallel can wrap the method as it is.
    """

    per_picture: tuple[str, ...] = ()
    """Buffers with one row per training picture, which processes have to share."""

    @property
    def network(self) -> nn.Module:
        """The part that predicts: averaged, evaluated, and saved as the checkpoint."""
        raise NotImplementedError

    def meet(self, training: PackedSet) -> None:
        """Take from the training pictures what is fixed before the first step."""

    def parameter_groups(self, config: TrainConfig) -> list[dict[str, Any]]:
        """Groups for the optimiser, each with its `base_lr`."""
        raise NotImplementedError

    def forward(self, batch: Batch) -> Step:
        """The loss of one micro-batch."""
        raise NotImplementedError

    def after_epoch(self, epoch: int) -> None:
        """What the method does between epochs; `epoch` counts from 0."""

    def predict(self, crops: Tensor, geometry: Tensor | None = None) -> Purified[Tensor]:
        """`Purified` of (B, 3, S, S) crops, RGB float in 0..255, in evaluation mode.

        `geometry` (B, GEOMETRY_SIZE) is for the methods that look at landmarks.
        Methods without purification give their distribution as p, t_g, t_a, t and final.
        """
        raise NotImplementedError
