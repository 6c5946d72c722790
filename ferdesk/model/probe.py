"""Fixed pictures that every network is tried on before it is used. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def probe_crops(size: int) -> NDArray[np.uint8]:
    """(2, size, size, 3) uint8 RGB: a ramp from black to white, and noise of a fixed seed."""
    ramp = np.broadcast_to(np.linspace(0, 255, size)[:, None, None], (size, size, 3))
    noise = np.random.default_rng(20261126).integers(0, 256, (size, size, 3), np.uint8)
    return np.stack([ramp.astype(np.uint8), noise])
