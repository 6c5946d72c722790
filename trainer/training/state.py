"""The training state in a run's folder: reading it, and whose it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig

_FREE = frozenset(("threads", "notes", "tensorboard", "compile"))
"""Options that do not change the result: a run goes on under others."""


def same_run(stored: str, config: TrainConfig) -> bool:
    """Whether a stored configuration is this one.

    Options it does not have came later and count as their defaults, so old runs can go on.
    """
    own = json.loads(json.dumps(asdict(config)))
    return _merged(json.loads(json.dumps(asdict(TrainConfig()))), json.loads(stored), own) == own


def _merged(defaults: dict[str, Any], stored: dict[str, Any], own: dict[str, Any]) -> Any:
    merged = {**defaults, **stored}
    for key, value in defaults.items():
        if key in _FREE:
            merged[key] = own[key]
        elif isinstance(value, dict):
            merged[key] = _merged(value, merged[key], own[key])
    return merged


def read_state(path: Path, device: torch.device) -> dict[str, Any]:
    """The training state of a run. FerdeskError for a file that is none."""
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        if not {"config", "method", "step"} <= set(state):
            raise KeyError("step")
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, UnpicklingError) as error:
        raise FerdeskError(
            f"'{path}' is no training state of this version; move it away to start anew."
        ) from error
    return state
