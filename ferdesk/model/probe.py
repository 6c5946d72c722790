"""Fixed pictures that every network is tried on before it is used. numpy only."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.purified import FIELDS, Purified


def probe_crops(size: int) -> NDArray[np.uint8]:
    """(2, size, size, 3) uint8 RGB: a ramp from black to white, and noise of a fixed seed."""
    ramp = np.broadcast_to(np.linspace(0, 255, size)[:, None, None], (size, size, 3))
    noise = np.random.default_rng(20261126).integers(0, 256, (size, size, 3), np.uint8)
    return np.stack([ramp.astype(np.uint8), noise])


TOLERANCE: Final = {"f32": 1e-3, "bf16": 0.1}
"""Largest difference from torch in float32, in any distribution or confidence of the probe; log
odds are compared as probabilities."""
LOG_ODDS: Final = ("novelty",)
COMPARED: Final = tuple(name for name in FIELDS if name not in ("logits", "embedding"))


def agree(answer: Purified[Any], expected: Purified[Any], precision: str) -> bool:
    """Whether two answers to the probe are those of one network, given the precision."""
    return all(
        getattr(answer, name).shape == getattr(expected, name).shape
        and np.abs(_chance(answer, name) - _chance(expected, name)).max() <= TOLERANCE[precision]
        for name in COMPARED
    )


def _chance(answer: Purified[Any], name: str) -> NDArray[np.float64]:
    values = np.asarray(getattr(answer, name), np.float64)
    return 1 / (1 + np.exp(-np.clip(values, -60, 60))) if name in LOG_ODDS else values
