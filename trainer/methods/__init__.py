"""Ways to learn from noisy labels, one a module, behind one protocol (``base``)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from trainer.choices import check_choice
from trainer.config import TrainConfig
from trainer.method_options import DmueConfig, EacConfig

if TYPE_CHECKING:
    from trainer.methods.base import Method

METHODS = ("ours", "cross_entropy", "scn", "dmue", "rul", "eac", "ada_df")


@dataclass(frozen=True, slots=True)
class Variant:
    """A method with other options, a line of its own in comparisons."""

    method: str
    label: str
    """In tables."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Options of TrainConfig."""
    network: Mapping[str, Any] = field(default_factory=dict)
    """Options of its part `network`."""
    tuned: bool = True
    """Whether `benchmark --tune` looks for constants; published ones stay as they are."""

    def of(self, config: TrainConfig) -> TrainConfig:
        """`config` for this variant."""
        network = replace(config.network, **self.network)
        return replace(config, method=self.method, network=network, **self.changes)


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "ours_no_ramp": Variant("ours", "DWMCA+APCL, no trust ramp", {"trust_ramp": 0.0}),
        "ours_flip": Variant("ours", "DWMCA+APCL, flip consistency", {"lambda_flip": 1.0}),
        "ours_geometry": Variant(
            "ours",
            "DWMCA+APCL, geometry stream",
            network={"landmark_backbone": "geometry", "witness": "correction"},
        ),
        "eac_published": Variant(
            "eac",
            "EAC, published constant, other backbone",
            {"eac": EacConfig(scaled=False)},
            tuned=False,
        ),
        "dmue_published": Variant(
            "dmue",
            "DMUE, published constant, other backbone",
            {"dmue": DmueConfig(similarity_weight=1000.0, similarity_form="released")},
            tuned=False,
        ),
        "ours_baseline": Variant(
            "ours", "Table I: baseline", network={"cross_attention": False, "corrections": "none"}
        ),
        "ours_dwmca": Variant("ours", "Table I: +DWMCA", network={"corrections": "none"}),
        "ours_apcl": Variant("ours", "Table I: +APCL", network={"cross_attention": False}),
    }
)
"""Trained only where asked for, by name or group."""

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"all": METHODS, "ablation": ("ours_baseline", "ours_dwmca", "ours", "ours_apcl")}
)
"""Names for several. The ablation is Table I; its row +DWMCA+APCL is `ours` itself."""


def build_method(config: TrainConfig, pictures: int) -> Method:
    """The configured method for a training set of `pictures`. FerdeskError for an unknown name."""
    check_choice("method", config.method, METHODS)
    module = importlib.import_module(f"trainer.methods.{config.method}")
    method: Method = module.build(config, pictures)
    return method
