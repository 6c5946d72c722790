"""The sections that name single pictures: the hardest, and the most suspicious labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
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


def _gallery(
    found: Predictions,
    rows: NDArray[np.int64],
    images: tuple[Path | None, str],
    lines: Callable[[int], tuple[str, ...]],
    marked: NDArray[np.bool_],
) -> Gallery:
    """Some rows with the thumbnails that a folder of the cache has of a part."""
    folder, split = images
    names = [str(found.names[row]) for row in rows]
    shown = {} if folder is None else thumbnails(folder, split, names)
    return Gallery(
        tuple(
            Picture(name, lines(row), shown.get(name, ""), marked=bool(marked[row]))
            for row, name in zip(rows.tolist(), names, strict=True)
        )
    )


def _answer(final: NDArray[Any]) -> str:
    return f"answer {EXPRESSIONS[final.argmax()]}, {100 * final.max():.0f}\u00a0%"


def _hardest(record: Record, found: Predictions, folder: Path | None) -> list[Block]:
    final = found.distributions["final"]
    rows = hardest(found)
    if not len(rows):
        return [Text("Every measured picture got the right answer.")]
    wrong = int((final.argmax(axis=1) != found.labels).sum())
    text = (
        f"The surest of the {wrong} wrong answers on the measured pictures: the label first, then "
        "the answer and its probability. Look for labels that are doubtful themselves, and for "
        "expressions that the network confuses."
    )

    def lines(row: int) -> tuple[str, ...]:
        return f"label {EXPRESSIONS[found.labels[row]]}", _answer(final[row])

    images = folder, record.summary.measure_on
    return [Text(text), _gallery(found, rows, images, lines, np.zeros(len(final), bool))]


def _suspicious(_record: Record, found: Predictions, folder: Path | None) -> list[Block]:
    final = found.distributions["final"]
    given = found.labels if found.given is None else found.given
    clean = np.full(len(given), -1) if found.clean is None else found.clean
    rows = suspicious(found)
    flipped = (clean >= 0) & (clean != given)
    text = (
        "The training pictures whose given label has the lowest probability in the final answer. "
        "Look at these first when cleaning a data set."
    )
    if flipped.any():
        text += f" {_precision(found, flipped)} Pictures with a frame are among them."

    def lines(row: int) -> tuple[str, ...]:
        label = f"label {EXPRESSIONS[given[row]]}, {100 * final[row, given[row]]:.1f}\u00a0%"
        changed = (f"changed from {EXPRESSIONS[clean[row]]}",) if flipped[row] else ()
        return label, _answer(final[row]), *changed

    return [Text(text), _gallery(found, rows, (folder, "train"), lines, flipped)]


def _precision(found: Predictions, flipped: NDArray[np.bool_]) -> str:
    count = int(flipped.sum())
    hits = int(flipped[suspicious(found, count)].sum())
    return (
        f"{count} labels had been changed; of the {count} most suspicious ones, {hits} "
        f"({100 * hits / count:.0f} %) had been changed."
    )
