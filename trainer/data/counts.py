"""What a data set has and what it should have: pictures by part and class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from trainer.data.examples import SPLITS, Example, Split
from trainer.data.packing import missing_pictures

RAFDB: dict[Split, tuple[int, ...]] = {
    "train": (2524, 4772, 1290, 1982, 705, 717, 281),
    "test": (680, 1185, 329, 478, 162, 160, 74),
}
"""RAF-DB basic (Li et al. 2017), in the order of ``labels.EXPRESSIONS``."""
FER2013: dict[Split, tuple[int, ...]] = {
    "train": (4965, 7215, 3171, 4830, 3995, 436, 4097),
    "valid": (607, 895, 415, 653, 467, 56, 496),
    "test": (626, 879, 416, 594, 491, 55, 528),
}
"""FER2013 (Goodfellow et al. 2013): 28,709, 3,589 and 3,589 pictures."""
_RAFDB_NAMES: dict[Split, str] = {
    "train": "train_{:05d}_aligned.jpg",
    "test": "test_{:04d}_aligned.jpg",
}
_NAMED = 3


@dataclass(frozen=True, slots=True)
class PartCount:
    """Pictures of one part, in the order of ``labels.EXPRESSIONS``."""

    split: Split
    counts: tuple[int, ...]
    official: tuple[int, ...] | None
    """None where no official count of classes is known."""


@dataclass(frozen=True, slots=True)
class Census:
    """A data set before anything is decoded."""

    parts: tuple[PartCount, ...]
    """Those that have pictures or should have."""
    missing: tuple[Example, ...]
    """Listed but not on disk; not counted."""
    problems: tuple[str, ...]
    """Sentences about whatever is not as it should be."""


def take_census(layout: str, examples: Sequence[Example]) -> Census:
    """Count the pictures that are there and compare with the official figures of the layout."""
    missing = missing_pictures(examples)
    gone = {e.name for e in missing}
    counter = Counter((e.split, e.label) for e in examples if e.name not in gone)
    title, official = _official(layout, examples)
    listed = {e.split for e in examples}
    parts = tuple(
        PartCount(
            split,
            tuple(counter[split, label] for label in range(len(EXPRESSIONS))),
            official.get(split),
        )
        for split in SPLITS
        if split in listed or split in official
    )
    problems = [p for part in parts for p in _class_problems(part, title, missing)]
    if not official:
        problems += _missing_problems(parts, missing)
    if layout == "rafdb":
        problems += _absent_names(examples)
    if layout in ("ferplus", "fer2013") and not official:
        problems += _too_many(parts)
    return Census(parts, tuple(missing), tuple(problems))


def _official(layout: str, examples: Sequence[Example]) -> tuple[str, dict[Split, tuple[int, ...]]]:
    if layout == "rafdb":
        return "RAF-DB", RAFDB
    # With the crowd's votes FER2013's own label becomes the original one.
    if layout == "fer2013" and all(e.original < 0 for e in examples):
        return "FER2013", FER2013
    return "", {}


def _some(names: Sequence[str]) -> str:
    """ "a, b, c and 4 more"."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _class_problems(part: PartCount, title: str, missing: Sequence[Example]) -> list[str]:
    problems = []
    for label, name in enumerate(EXPRESSIONS):
        here = part.counts[label]
        if part.official is None or here == part.official[label]:
            continue
        gone = [e.path.name for e in missing if (e.split, e.label) == (part.split, label)]
        why = f": {_some(gone)} {_are(gone)} missing" if gone else ""
        problems.append(
            f"{part.split}/{name} has {_pictures(here)}, {title} has {part.official[label]:,}{why}"
        )
    return problems


def _pictures(count: int) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}"


def _missing_problems(parts: Sequence[PartCount], missing: Sequence[Example]) -> list[str]:
    problems = []
    for part in parts:
        gone = [e.path.name for e in missing if e.split == part.split]
        if gone:
            problems.append(f"{part.split} lacks {_pictures(len(gone))} of its list: {_some(gone)}")
    return problems


def _absent_names(examples: Sequence[Example]) -> list[str]:
    """RAF-DB numbers its pictures, so those that no list and no folder has can be named."""
    problems = []
    for split, pattern in _RAFDB_NAMES.items():
        stems = {Path(e.name).stem.removesuffix("_aligned") for e in examples if e.split == split}
        if not any(re.fullmatch(rf"{split}_\d+", stem) for stem in stems):
            continue
        names = [pattern.format(i + 1) for i in range(sum(RAFDB[split]))]
        absent = [name for name in names if Path(name).stem.removesuffix("_aligned") not in stems]
        if absent:
            problems.append(f"{_some(absent)} {_are(absent)} in no class of {split}")
    return problems


def _too_many(parts: Sequence[PartCount]) -> list[str]:
    problems = []
    for part in parts:
        here, most = sum(part.counts), sum(FER2013[part.split])
        if here > most:
            problems.append(f"{part.split} has {here:,} pictures, FER2013 has only {most:,}")
    return problems


def require_every_class(labels: Iterable[int], data: str) -> None:
    """FerdeskError when the labels of a training part, if any, lack one of the seven."""
    present = set(labels)
    absent = [name for label, name in enumerate(EXPRESSIONS) if label not in present]
    if present and absent:
        raise FerdeskError(
            f"The training part of '{data}' has no picture of {', '.join(absent)}; a network can "
            "only learn all seven expressions."
        )
