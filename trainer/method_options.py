"""What the rival methods can be told; each module of `trainer.methods` says what its numbers do."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class ScnConfig:
    """Published settings, but for `low_group_only`."""

    beta: float = 0.7
    """Share of the high group."""
    rank_margin: float = 0.07
    """δ1."""
    relabel_margin: float = 0.2
    """δ2."""
    relabel_epoch: int | None = None
    """First epoch, from 1, that finds new labels; None: epoch 10 of 70, or as much of the run."""
    low_group_only: bool = True
    """False: any picture may get a new label, as released."""

    def first_epoch(self, epochs: int) -> int:
        """The first epoch, from 1, that finds new labels in a run of `epochs`."""
        if self.relabel_epoch is not None:
            return self.relabel_epoch
        return math.ceil(10 * epochs / 70)


@dataclass(frozen=True)
class DmueConfig:
    """Numbers of the paper and its code for RAF-DB."""

    temperature: float = 1.2
    """T of the sharpening q ∝ p^(1/T)."""
    soft_weight: float = 0.5
    similarity_weight: float = 1000.0
    ramp: float | None = None
    """a: the epoch, from 0, at which the target branch counts in full; None: 10 of 36 epochs, or
    as much of the run."""
    dropout: float = 0.5
    similarity_after_dropout: bool = True
    """As released. The masks of both branches differ, which narrow features cannot average out;
    False compares what enters the dropout."""
    train_uncertainty: bool = True
    """False: the uncertainty network keeps its random weights, as released."""

    def ramp_end(self, epochs: int) -> float:
        """a for a run of `epochs`."""
        if self.ramp is not None:
            return self.ramp
        return 10 * epochs / 36


@dataclass(frozen=True)
class RulConfig:
    """Published settings, and SCN's for the relabelling."""

    features: int = 64
    """Length of μ and of log σ²."""
    dropout: float = 0.4
    relabel: bool = False
    relabel_epoch: int | None = None
    """First epoch, from 1, that finds new labels; None: epoch 10 of 60, or as much of the run."""
    relabel_margin: float = 0.2
    """δ2 of SCN."""
    certain_share: float = 0.7
    """β of SCN: the share of smallest u that keeps its labels under `low_group_only`."""
    low_group_only: bool = True

    def first_epoch(self, epochs: int) -> int:
        """The first epoch, from 1, that finds new labels in a run of `epochs`."""
        if self.relabel_epoch is not None:
            return self.relabel_epoch
        return math.ceil(10 * epochs / 60)


@dataclass(frozen=True)
class EacConfig:
    """Published settings."""

    consistency: float = 5.0
    """λ."""
    erase: float = 0.5
    """Probability that a part of the mirrored view is erased."""
    erase_area: tuple[float, float] = (0.02, 0.25)
    """Share of the picture."""
    erase_ratio: tuple[float, float] = (0.3, 3.3)
    """Height over width."""


@dataclass(frozen=True)
class AdaDfConfig:
    """Published settings, but for the fallback, the detached q and the frozen part."""

    threshold: float = 0.7
    """τ."""
    released_fallback: bool = False
    detach_fused: bool = True
    freeze_early: bool | None = None
    """None: frozen where the run has `image_weights`."""
    smallest_weight: float = 0.2
    """The least w of a batch; the largest is 1."""
    beta: float = 0.7
    """Share of the high group of the rank term."""
    rank_margin: float = 0.07
    ramp: float | None = None
    """β: the epoch, from 1, until which branch 2 is brought in; None: epoch 3 of 75, or as much of
    the run."""

    def ramp_end(self, epochs: int) -> float:
        """β for a run of `epochs`."""
        if self.ramp is not None:
            return self.ramp
        return 3 * epochs / 75
