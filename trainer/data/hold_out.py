"""The part of the training pictures that no training step ever sees."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer.data.packed import PackedSet


def hold_out(data: PackedSet, share: float, seed: int) -> tuple[PackedSet, PackedSet]:
    """(training, held out): the same share of every class, drawn with `seed`."""
    generator = np.random.default_rng(seed)
    held: list[np.ndarray[Any, np.dtype[np.int64]]] = []
    for label in range(data.targets.shape[1]):
        rows = np.flatnonzero(data.labels == label)
        held.append(generator.permutation(rows)[: round(share * len(rows))])
    out = np.sort(np.concatenate(held))
    mask = np.ones(len(data), bool)
    mask[out] = False
    return data.take(np.flatnonzero(mask)), data.take(out)
