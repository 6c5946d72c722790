"""One interval for the chance in the seeds and in the pictures: a hierarchical bootstrap."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DRAWS = 2000
_SEED = 1


def seeds_and_pictures(values: NDArray[Any]) -> tuple[float, float]:
    """95 % interval of the mean of (S, N) values, of N pictures in runs of S seeds.

    Seeds and pictures are drawn anew with replacement, 2,000 times; all runs see the same pictures,
    so one draw of pictures holds for all seeds. Of S seeds S - 1 are drawn: the spread of such
    means is that of a mean of S (Rao and Wu 1988), where S draws of so few would give too little.
    With one seed the interval covers the pictures alone. ValueError for other shapes.
    """
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"no interval of values of shape {values.shape}")
    seeds, pictures = values.shape
    # (S, draws): the mean of each seed over each draw of pictures.
    means = values.astype(np.float32) @ _pictures(pictures)
    generator = np.random.default_rng(_SEED)
    drawn = generator.integers(0, seeds, (max(1, seeds - 1), _DRAWS))
    found = np.take_along_axis(means, drawn, axis=0).mean(axis=0)
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


@lru_cache(maxsize=2)
def _pictures(count: int) -> NDArray[np.float32]:
    """(N, draws): the share of a draw that each picture is; the same draws for every line."""
    generator = np.random.default_rng(_SEED)
    times = np.zeros((_DRAWS, count), np.float32)
    for row in times:
        row += np.bincount(generator.integers(0, count, count), minlength=count)
    return np.ascontiguousarray(times.T) / np.float32(count)
