"""Ways to learn from noisy labels, one a module, behind one protocol (``base``)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from trainer.choices import check_choice
from trainer.config import TrainConfig
from trainer.method_options import EacConfig
from trainer.methods.base import Method

METHODS = ("ours", "cross_entropy", "scn", "dmue", "rul", "eac", "ada_df")


@dataclass(frozen=True, slots=True)
class Variant:
    """A method with other options, a line of its own in comparisons."""

    method: str
    label: str
    """In tables."""
    changes: Mapping[str, Any]
    """Options of TrainConfig."""

    def of(self, config: TrainConfig) -> TrainConfig:
        """`config` for this variant."""
        return replace(config, method=self.method, **self.changes)


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "ours_no_ramp": Variant("ours", "DWMCA+APCL, no trust ramp", {"trust_ramp": 0.0}),
        "ours_flip": Variant("ours", "DWMCA+APCL, flip consistency", {"lambda_flip": 1.0}),
        "eac_weaker": Variant("eac", "EAC, λ = 0.5", {"eac": EacConfig(consistency=0.5)}),
    }
)
"""Trained only where asked for by name."""


def build_method(config: TrainConfig, pictures: int) -> Method:
    """The configured method for a training set of `pictures`. FerdeskError for an unknown name."""
    check_choice("method", config.method, METHODS)
    module = importlib.import_module(f"trainer.methods.{config.method}")
    method: Method = module.build(config, pictures)
    return method
