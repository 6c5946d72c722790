"""Ways to learn from noisy labels, one a module, behind one protocol (``base``)."""

from __future__ import annotations

import importlib

from trainer.choices import check_choice
from trainer.config import TrainConfig
from trainer.methods.base import Method

METHODS = ("ours", "cross_entropy", "scn", "dmue", "rul", "eac", "ada_df")


def build_method(config: TrainConfig, pictures: int) -> Method:
    """The configured method for a training set of `pictures`. FerdeskError for an unknown name."""
    check_choice("method", config.method, METHODS)
    module = importlib.import_module(f"trainer.methods.{config.method}")
    method: Method = module.build(config, pictures)
    return method
