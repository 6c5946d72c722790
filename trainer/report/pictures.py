"""The sections that name single pictures: the hardest, and the most suspicious labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from trainer.data.examples import Split
from trainer.report.blocks import Block, Gallery, Picture, Section, Text
from trainer.report.record import Predictions, Record
from trainer.report.thumbnails import find_cache, thumbnails

_SHOWN = 24


def hardest(found: Predictions, count: int = _SHOWN) -> NDArray[np.int64]:
    """Rows that are wrong, the one with the highest chance for its wrong answer first."""
    final = found.distributions["final"]
    wrong = np.flatnonzero(final.argmax(axis=1) != found.labels)
    return wrong[np.argsort(-final[wrong].max(axis=1), kind="stable")][:count]


def suspicious(found: Predictions, count: int = _SHOWN) -> NDArray[np.int64]:
    """Rows whose given label has the least chance in `final`, that is the largest 1 − final[y]."""
    given = found.labels if found.given is None else found.given
    chance = found.distributions["final"][np.arange(len(given)), given]
    return np.argsort(chance, kind="stable")[:count]


def pictures(record: Record, cache: Path | None) -> list[Section]:
    """The sections "Hardest pictures" and "Most suspicious labels", as far as there are answers."""
    folder = None if cache is None else find_cache(record.data, cache)
    sections = []
    for title, found, blocks in (
        ("Hardest pictures", record.measured, _hardest),
        ("Most suspicious labels", record.training, _suspicious),
    ):
        if found is not None:
            missing = _missing(cache, folder)
            sections.append(Section(title, (*blocks(record, found, folder), *missing)))
    return sections


def _missing(cache: Path | None, folder: Path | None) -> tuple[Block, ...]:
    if folder is not None:
        return ()
    if cache is None:
        return (
            Text("Shown by name only. The pictures: python -m trainer report RUN --cache FOLDER."),
        )
    return (Text("Shown by name only: the cache does not hold the data set of this run."),)


def _images(folder: Path | None, split: str, names: Sequence[str]) -> dict[str, str]:
    known: dict[str, Split] = {"train": "train", "valid": "valid", "test": "test"}
    if folder is None or split not in known:
        return {}
    return thumbnails(folder, known[split], names)


def _hardest(record: Record, found: Predictions, folder: Path | None) -> list[Block]:
    final = found.distributions["final"]
    rows = hardest(found)
    if not len(rows):
        return [Text("Every measured picture got the right answer.")]
    names = [str(found.names[row]) for row in rows]
    images = _images(folder, record.summary.measure_on, names)
    shown = tuple(
        Picture(
            name,
            (
                f"label {EXPRESSIONS[found.labels[row]]}",
                f"answer {EXPRESSIONS[final[row].argmax()]}, {100 * final[row].max():.0f}\u00a0%",
            ),
            images.get(name, ""),
        )
        for row, name in zip(rows, names, strict=True)
    )
    wrong = int((final.argmax(axis=1) != found.labels).sum())
    text = (
        f"The surest of the {wrong} wrong answers on the measured pictures: the label first, then "
        "the answer and its probability. Look for labels that are doubtful themselves, and for "
        "expressions that the network confuses."
    )
    return [Text(text), Gallery(shown)]


def _suspicious(_record: Record, found: Predictions, folder: Path | None) -> list[Block]:
    final = found.distributions["final"]
    given = found.labels if found.given is None else found.given
    clean = np.full(len(given), -1) if found.clean is None else found.clean
    rows = suspicious(found)
    names = [str(found.names[row]) for row in rows]
    images = _images(folder, "train", names)
    flipped = (clean >= 0) & (clean != given)
    shown = tuple(
        Picture(
            name,
            _words(int(given[row]), final[row], int(clean[row])),
            images.get(name, ""),
            marked=bool(flipped[row]),
        )
        for row, name in zip(rows, names, strict=True)
    )
    text = (
        "The training pictures whose given label has the lowest probability in the final answer. "
        "Look at these first when cleaning a data set."
    )
    if flipped.any():
        text += f" {_precision(found, flipped)} Pictures with a frame are among them."
    return [Text(text), Gallery(shown)]


def _precision(found: Predictions, flipped: NDArray[np.bool_]) -> str:
    count = int(flipped.sum())
    hits = int(flipped[suspicious(found, count)].sum())
    return (
        f"{count} labels had been changed; of the {count} most suspicious ones, {hits} "
        f"({100 * hits / count:.0f} %) had been changed."
    )


def _words(given: int, final: NDArray[Any], clean: int) -> tuple[str, ...]:
    lines = (
        f"label {EXPRESSIONS[given]}, {100 * final[given]:.1f}\u00a0%",
        f"answer {EXPRESSIONS[final.argmax()]}, {100 * final.max():.0f}\u00a0%",
    )
    return (
        (*lines, f"changed from {EXPRESSIONS[clean]}") if clean >= 0 and clean != given else lines
    )
