"""Which training pictures an epoch sees, and in which order."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sampler = Literal["full", "balanced", "square-root"]


def epoch_order(
    labels: NDArray[np.int64], sampler: Sampler, per_class: int, seed: int, epoch: int
) -> NDArray[np.int64]:
    """Rows of the training set in the order of one epoch; depends on the arguments alone.

    `full`: (N,) a permutation. `balanced`: `per_class` draws of each label that occurs, shuffled;
    a class with fewer pictures repeats them, none more than once more often than another.
    `square-root`: about N draws, a class getting a share that grows with the root of its size.
    """
    generator = np.random.default_rng([seed, epoch])
    if sampler == "full":
        return generator.permutation(len(labels)).astype(np.int64)
    present, sizes = np.unique(labels, return_counts=True)
    draws = np.full(len(present), per_class)
    if sampler == "square-root":
        draws = np.rint(len(labels) * np.sqrt(sizes) / np.sqrt(sizes).sum()).astype(np.int64)
    drawn = [np.empty(0, np.int64)]
    for label, wanted in zip(present, draws.tolist(), strict=True):
        own = np.flatnonzero(labels == label)
        rounds, rest = divmod(wanted, len(own))
        drawn += [np.tile(own, rounds), generator.permutation(own)[:rest]]
    return generator.permutation(np.concatenate(drawn)).astype(np.int64)
