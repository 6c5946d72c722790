"""Options of the rival methods; each module of `trainer.methods` says what its numbers do.

Starts and ramps keep the share of the run that they have in the published one, but take no fewer
updates than a floor, about a quarter of the published updates, and that floor is at most half the
run: a share of a short run would come before anything is learned. docs/training.md has the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from trainer.ranges import within


def _floor(updates: int, epochs: int, per_epoch: int) -> float:
    """The epochs that so many updates take, at most half of the run."""
    return min(updates / per_epoch, epochs / 2)


@dataclass(frozen=True)
class ScnConfig:
    """Published settings, except for `low_group_only`."""

    beta: float = within("[0, 1]", 0.7)
    """Share of the pictures in the group of high weight (β)."""
    rank_margin: float = within("[0, 10]", 0.07)
    """Least difference of the mean weights of both groups (δ1)."""
    relabel_margin: float = within("[0, 1]", 0.2)
    """Lead in probability that another label needs to replace the given one (δ2)."""
    relabel_epoch: int | None = within("[1, inf)", None)
    """First epoch, from 1, that finds new labels; null: epoch 10 of 70, or the same share of
    the run, but after `relabel_updates`."""
    relabel_updates: int = within("[0, 100000000]", 400)
    """Least updates before new labels are found, at most half of the run; 0: the share alone."""
    low_group_only: bool = True
    """Whether only pictures of low weight get new labels; false: any, as in the released code."""

    def first_epoch(self, epochs: int, per_epoch: int) -> int:
        """The first epoch, from 1, that finds new labels in `epochs` of so many updates each."""
        least = 1 + math.ceil(_floor(self.relabel_updates, epochs, per_epoch))
        return self.relabel_epoch or max(math.ceil(10 * epochs / 70), least)


@dataclass(frozen=True)
class DmueConfig:
    """Numbers of the paper and its code for RAF-DB, except for L_sp."""

    temperature: float = within("(0, 1000]", 1.2)
    """T of the sharpening q ∝ p^(1/T)."""
    soft_weight: float = within("[0, inf)", 0.5)
    """Weight of L_soft."""
    similarity_weight: float = within("[0, inf)", 0.2)
    """Weight of the similarity loss L_sp."""
    similarity_form: Literal["rows", "released"] = "rows"
    """Whether L_sp sums over a picture's similarities to the others, or takes the mean over all
    pairs as in the released code, whose weight is 1000: that mean falls as the batch grows."""
    ramp: float | None = within("[0, inf)", None)
    """Epoch, from 0, at which the target branch counts in full (a); null: 10 of 36 epochs, or the
    same share of the run, but no less than `ramp_updates`."""
    ramp_updates: int = within("[0, 100000000]", 400)
    """Least updates of the ramp, at most half of the run; it takes at least one epoch."""
    dropout: float = within("[0, 0.99]", 0.5)
    """Chance that a feature before the classifier is set to 0."""
    similarity_after_dropout: bool = True
    """Whether L_sp compares features after dropout, as in the released code; false: before it. The
    masks of both branches differ, which narrow features cannot average out."""
    train_uncertainty: bool = True
    """Whether the uncertainty network is trained; false: it keeps its random weights, as in the
    released code."""

    def ramp_end(self, epochs: int, per_epoch: int) -> float:
        """a for a run of `epochs` of so many updates each."""
        if self.ramp is not None:
            return self.ramp
        return max(10 * epochs / 36, _floor(self.ramp_updates, epochs, per_epoch), 1.0)


@dataclass(frozen=True)
class RulConfig:
    """Published settings, and SCN's for the relabelling."""

    features: int = within("[1, 4096]", 64)
    """Length of μ and of log σ²."""
    dropout: float = within("[0, 0.99]", 0.4)
    """Chance that a feature before the classifier is set to 0."""
    relabel: bool = False
    """Whether pictures get new labels by SCN's rule."""
    relabel_epoch: int | None = within("[1, inf)", None)
    """First epoch, from 1, that finds new labels; null: epoch 10 of 60, or the same share of
    the run, but after `relabel_updates`."""
    relabel_updates: int = within("[0, 100000000]", 400)
    """Least updates before new labels are found, at most half of the run; 0: the share alone."""
    relabel_margin: float = within("[0, 1]", 0.2)
    """Lead in probability that another label needs to replace the given one (δ2 of SCN)."""
    certain_share: float = within("[0, 1]", 0.7)
    """Share of smallest u that keeps its labels under low_group_only (β of SCN)."""
    low_group_only: bool = True
    """Whether only uncertain pictures get new labels."""

    def first_epoch(self, epochs: int, per_epoch: int) -> int:
        """The first epoch, from 1, that finds new labels in `epochs` of so many updates each."""
        least = 1 + math.ceil(_floor(self.relabel_updates, epochs, per_epoch))
        return self.relabel_epoch or max(math.ceil(10 * epochs / 60), least)


@dataclass(frozen=True)
class EacConfig:
    """Published settings, except for `scaled`."""

    consistency: float = within("[0, inf)", 5.0)
    """Weight of the consistency loss of both attention maps (λ)."""
    scaled: bool = True
    """Whether the maps are brought to the size that those of ResNet-18 have at the start, for which
    λ was published; false: as the backbone gives them, which changes what λ means."""
    erase: float = within("[0, 1]", 0.5)
    """Probability that a part of the mirrored picture is erased."""
    erase_area: tuple[float, float] = within("(0, 1]", (0.02, 0.25))
    """Smallest and largest erased share of the picture."""
    erase_ratio: tuple[float, float] = within("(0, 100]", (0.3, 3.3))
    """Smallest and largest height over width of what is erased."""


@dataclass(frozen=True)
class AdaDfConfig:
    """Published settings, except for the fallback, the detached q and the frozen part."""

    threshold: float = within("[0, 1]", 0.7)
    """Least probability a class gives itself (τ); below, a fixed distribution replaces its own."""
    released_fallback: bool = False
    """Whether that fixed distribution sums to 1.1, as in the released code."""
    detach_fused: bool = True
    """Whether no gradient passes through the fused distribution q."""
    freeze_early: bool | None = None
    """Whether the early layers keep their weights; null: where the run has image_weights."""
    smallest_weight: float = within("[0, 1]", 0.2)
    """Smallest weight w of a batch; the largest is 1."""
    beta: float = within("[0, 1]", 0.7)
    """Share of the pictures in the high group of the rank loss."""
    rank_margin: float = within("[0, 10]", 0.07)
    """Least difference of the mean weights of both groups."""
    ramp: float | None = within("[0, inf)", None)
    """Epoch, from 1, until which branch 2 is brought in (β); null: epoch 3 of 75, or the same share
    of the run, but no less than `ramp_updates`."""
    ramp_updates: int = within("[0, 100000000]", 150)
    """Least updates of the ramp, at most half of the run; it takes at least one epoch."""

    def ramp_end(self, epochs: int, per_epoch: int) -> float:
        """β for a run of `epochs` of so many updates each."""
        if self.ramp is not None:
            return self.ramp
        return max(3 * epochs / 75, _floor(self.ramp_updates, epochs, per_epoch), 1.0)
