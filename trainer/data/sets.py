"""Data sets by name: LAYOUT:PATH → a packed cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from ferdesk.errors import FerdeskError
from trainer.data.examples import Example
from trainer.data.ferplus import read_ferplus
from trainer.data.packed import pack

READERS: dict[str, Callable[[Path], list[Example]]] = {"ferplus": read_ferplus}


def read_examples(data: str) -> list[Example]:
    """The examples of "LAYOUT:PATH". Raises FerdeskError for an unknown layout or a bad path."""
    layout, separator, path = data.partition(":")
    if not separator or layout not in READERS:
        raise FerdeskError(
            f"'{data}' is not a data set; write LAYOUT:PATH with a layout of {', '.join(READERS)}."
        )
    examples = READERS[layout](Path(path).expanduser())
    if not examples:
        raise FerdeskError(f"The data set '{data}' has no usable picture.")
    return examples


def prepare(data: str, cache: Path) -> Path:
    """The folder of the packed cache of `data`, packed now if it was not before."""
    examples = read_examples(data)
    bar = tqdm(
        total=len(examples), desc="cropping", unit="picture", disable=not sys.stderr.isatty()
    )

    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    with bar:
        return pack(examples, cache, progress)
