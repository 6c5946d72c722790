"""Decisions about labels, made on the page of an audit: a CSV file with the columns name,label.

A label is the name of an expression, or `drop` for a picture that is not to be trained on.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from trainer.data.csv_table import read_table
from trainer.data.names import expression_of
from trainer.data.packed import PackedSet

log = logging.getLogger(__name__)

DROP: Final = "drop"


def read_overrides(path: Path, names: Collection[str]) -> dict[str, int | None]:
    """Label by name of those pictures of `names` that the file decides on; None: drop it.

    Lines about other pictures are counted in the log. FerdeskError, with the line, for a label
    that is no expression and for a picture that is decided on twice in two ways; FerdeskError when
    the file has lines but none is about one of `names`.
    """
    known = set(names)
    decided: dict[str, int | None] = {}
    lines: dict[str, int] = {}
    for line, row in read_table(path, ("name", "label")):
        name, word = row["name"], row["label"]
        label = expression_of(word)
        if not name:
            raise FerdeskError(f"Line {line} of '{path}' names no picture.")
        if label is None and word.lower() != DROP:
            raise FerdeskError(
                f"Line {line} of '{path}' has the label '{word}'; write {DROP} or one of "
                f"{', '.join(EXPRESSIONS)}."
            )
        if name in decided and decided[name] != label:
            raise FerdeskError(
                f"Line {line} of '{path}' decides on '{name}' in another way than line "
                f"{lines[name]}; remove one of them."
            )
        decided[name], lines[name] = label, line
    own = {name: label for name, label in decided.items() if name in known}
    unknown = len(decided) - len(own)
    if unknown and not own:
        raise FerdeskError(
            f"None of the {unknown} pictures in '{path}' is among the training pictures, for "
            f"example '{next(iter(decided))}'; it was made for other data."
        )
    if unknown:
        log.warning("%d pictures in '%s' are not among the training pictures", unknown, path)
    return own


def apply_overrides(data: PackedSet, overrides: Mapping[str, int | None]) -> PackedSet:
    """`data` with one-hot targets where a label was decided, without the pictures to drop.

    The targets of all others stay as they are, order too. Crops are copied into memory only when
    a picture goes. FerdeskError when none is left.
    """
    targets = data.targets.copy()
    kept = np.ones(len(data), bool)
    for row, name in enumerate(data.names):
        if name not in overrides:
            continue
        label = overrides[name]
        if label is None:
            kept[row] = False
        else:
            targets[row] = 0
            targets[row, label] = 1
    if not kept.any():
        raise FerdeskError("The overrides drop every training picture; nothing is left to train.")
    changed = replace(data, targets=targets)
    return changed if kept.all() else changed.take(np.flatnonzero(kept))
