"""Pictures that are copies of each other: the same face stored twice, perhaps saved again.

Candidates have difference hashes (64 comparisons of neighbouring grey cells) at most 3 bits apart;
of these, pictures are copies whose 32 × 32 grey thumbnails differ by no more than re-encoding does.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

_BITS = 3
_THUMBNAIL = 32
_DIFFERENCE = 2.5
"""Mean absolute difference of two thumbnails, in grey levels."""


def copy_groups(crops: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) numbers from 0 for `rows` of (M, S, S, 3) RGB crops; copies have the same one."""
    hashes = np.empty(len(rows), np.uint64)
    thumbnails = np.empty((len(rows), _THUMBNAIL, _THUMBNAIL), np.uint8)
    for i, row in enumerate(rows):
        grey = cv2.cvtColor(crops[row], cv2.COLOR_RGB2GRAY)
        thumbnails[i] = cv2.resize(grey, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
        hashes[i] = difference_hash(thumbnails[i])
    parent = np.arange(len(rows))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = int(parent[i])
        return i

    for first, second in near_pairs(hashes):
        a, b = root(first), root(second)
        if a != b and _difference(thumbnails[first], thumbnails[second]) <= _DIFFERENCE:
            parent[max(a, b)] = min(a, b)
    roots = np.array([root(i) for i in range(len(rows))], np.int64)
    numbers: NDArray[np.int64] = np.unique(roots, return_inverse=True)[1]
    return numbers


def difference_hash(grey: NDArray[np.uint8]) -> np.uint64:
    """64 bits of a (H, W) picture: of 8 rows of 9 cells, is each cell brighter than the next?"""
    cells = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    bits = np.packbits(cells[:, :-1] > cells[:, 1:])
    return np.uint64(int.from_bytes(bits.tobytes(), "big"))


def near_pairs(hashes: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Every pair (i < j) of hashes at most 3 bits apart; some come more than once."""
    # Of four bands of 16 bits, two such hashes share at least one whole.
    for band in range(_BITS + 1):
        part = (hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(part, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
            for place, i in enumerate(bucket[:-1]):
                others = bucket[place + 1 :]
                near = np.bitwise_count(hashes[others] ^ hashes[i]) <= _BITS
                for j in others[near]:
                    yield int(i), int(j)


def _difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())
