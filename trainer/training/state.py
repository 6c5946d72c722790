"""The training state in a run's folder."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ferdesk.errors import FerdeskError


def read_state(path: Path, device: torch.device) -> dict[str, Any]:
    """The training state of a run. FerdeskError for a file that is none."""
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        if not {"config", "method", "step"} <= set(state):
            raise KeyError("step")
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, UnpicklingError) as error:
        raise FerdeskError(
            f"'{path}' is no training state of this version; move it away to start again."
        ) from error
    return state
