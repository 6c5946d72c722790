"""What is tuned of every method: the learning rates, and its own decisive constants.

Every line of a comparison gets as many tries as every other, on one fixed design: the first try is
the configuration as it is, the others are points of the Halton sequence in the unit cube, of which
a constant takes one coordinate. The sequence begins with its second point, since the first is the
middle and would repeat the configuration's own rates. More tries keep the earlier ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from trainer.config import TrainConfig

Constants = Mapping[str, float]
"""By option of `train` without its prefix: "scn.rank_margin"; `RATE` besides."""

RATE = "rate"
"""A factor on both learning rates, `lr_backbone` and `lr_head`."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values of one constant between two bounds, evenly by their logarithm or as they are."""

    low: float
    high: float
    log: bool = True

    def at(self, share: float) -> float:
        """The value at a share of the way, three digits of it."""
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        return float(f"{value:.3g}")


@dataclass(frozen=True, slots=True)
class Switch:
    """Off in the lower half, on in the upper."""

    def at(self, share: float) -> bool:
        """The value at a share of the way."""
        return share >= 0.5


SPACES: Mapping[str, Mapping[str, Range | Switch]] = MappingProxyType(
    {
        "ours": {"lambda_centre": Range(0.02, 1.0), "trust_ramp": Range(0.0, 0.5, log=False)},
        "cross_entropy": {"weight_decay": Range(1e-5, 1e-2)},
        "scn": {
            "scn.rank_margin": Range(0.03, 0.3),
            "scn.relabel_margin": Range(0.05, 0.5, log=False),
        },
        "dmue": {
            "dmue.similarity_weight": Range(0.02, 2.0),
            "dmue.soft_weight": Range(0.1, 2.0),
        },
        "rul": {"rul.relabel": Switch(), "rul.dropout": Range(0.1, 0.6, log=False)},
        "eac": {"eac.consistency": Range(0.02, 5.0), "eac.erase": Range(0.2, 1.0, log=False)},
        "ada_df": {
            "ada_df.threshold": Range(0.3, 0.9, log=False),
            "ada_df.smallest_weight": Range(0.0, 0.6, log=False),
        },
    }
)
"""Own constants by method."""
_RATES = Range(1 / 3, 3.0)
_BASES = (2, 3, 5)


def tried(method: str, attempt: int) -> Constants:
    """The constants of a try of a method, from 1; the first has none of its own."""
    if attempt == 1:
        return {}
    space = {RATE: _RATES, **SPACES[method]}
    return {
        name: values.at(_halton(attempt, base))
        for (name, values), base in zip(space.items(), _BASES, strict=False)
    }


def _halton(number: int, base: int) -> float:
    """Coordinate of the `number`-th point, from 1: its digits in `base` behind the point."""
    share, digit = 0.0, 1.0 / base
    while number:
        number, rest = divmod(number, base)
        share, digit = share + rest * digit, digit / base
    return share


def with_constants(config: TrainConfig, constants: Constants) -> TrainConfig:
    """`config` with these constants. FerdeskError for one that is out of its range."""
    for name, value in constants.items():
        if name == RATE:
            config = replace(
                config,
                lr_backbone=_short(value * config.lr_backbone),
                lr_head=_short(value * config.lr_head),
            )
            continue
        group, _, option = name.rpartition(".")
        changed: dict[str, Any] = {option: value}
        if group:
            changed = {group: replace(getattr(config, group), **changed)}
        config = replace(config, **changed)
    return config


def _short(value: float) -> float:
    """Four digits, so that files read well; 0 stays 0."""
    return float(f"{value:.4g}") if math.isfinite(value) else value
