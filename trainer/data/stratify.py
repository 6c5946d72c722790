"""A split for data sets that come without one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from trainer.data.examples import Split

_SHARE = 0.1
"""Of every class, for each of valid and test."""


def stratified_split(names: Sequence[str], labels: Sequence[int]) -> list[Split]:
    """About 80/10/10 of every class, always the same for the same names.

    Within a class the pictures are ordered by the SHA-256 of their names; the first tenth is valid
    and the second is test. Three pictures of a class are enough for one in each.
    """
    splits: list[Split] = ["train"] * len(names)
    for label in set(labels):
        members = [i for i, other in enumerate(labels) if other == label]
        members.sort(key=lambda i: (hashlib.sha256(names[i].encode()).digest(), names[i]))
        part = max(1, round(_SHARE * len(members))) if len(members) >= 3 else 0
        for i in members[:part]:
            splits[i] = "valid"
        for i in members[part : 2 * part]:
            splits[i] = "test"
    return splits
