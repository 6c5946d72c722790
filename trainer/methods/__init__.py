"""Ways to learn from noisy labels, one a module, behind one protocol (``base``)."""

from __future__ import annotations

import difflib
import importlib

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig
from trainer.methods.base import Method

METHODS = ("ours", "cross_entropy", "scn", "dmue", "rul", "eac", "ada_df")


def build_method(config: TrainConfig, pictures: int) -> Method:
    """The configured method for a training set of `pictures`. FerdeskError for an unknown name."""
    if config.method not in METHODS:
        near = difflib.get_close_matches(config.method, METHODS, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(METHODS)}."
        raise FerdeskError(f"There is no method '{config.method}'; {hint}")
    module = importlib.import_module(f"trainer.methods.{config.method}")
    method: Method = module.build(config, pictures)
    return method
