"""Data sets by name: LAYOUT:PATH → examples, and the packed cache of their crops."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ferdesk.errors import FerdeskError
from trainer.data.examples import Example
from trainer.data.fer2013 import read_fer2013
from trainer.data.ferplus import read_ferplus
from trainer.data.folder import read_folder
from trainer.data.geometry import complete
from trainer.data.manifest import read_manifest
from trainer.data.packing import Reports, pack
from trainer.data.rafdb import read_rafdb
from trainer.data.synthetic import read_synthetic

log = logging.getLogger(__name__)

_LINE_EVERY = 2000
"""Pictures between two lines of the log, at least."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of data set is read."""

    read: Callable[[str], list[Example]]
    align: bool
    """Whether pictures are cropped by landmarks as in the app, without --align or --no-align."""


def _at(read: Callable[[Path], list[Example]]) -> Callable[[str], list[Example]]:
    return lambda path: read(Path(path).expanduser())


LAYOUTS: dict[str, Layout] = {
    "rafdb": Layout(_at(read_rafdb), align=False),
    "ferplus": Layout(_at(read_ferplus), align=True),
    "fer2013": Layout(_at(read_fer2013), align=True),
    "folder": Layout(_at(read_folder), align=True),
    "manifest": Layout(_at(read_manifest), align=True),
    "synthetic": Layout(read_synthetic, align=False),
}


def layout_of(data: str) -> tuple[Layout, str]:
    """The layout and the path of "LAYOUT:PATH". FerdeskError for anything else."""
    name, separator, path = data.partition(":")
    if not separator or name not in LAYOUTS:
        raise FerdeskError(
            f"'{data}' is not a data set; write LAYOUT:PATH with a layout of {', '.join(LAYOUTS)}."
        )
    return LAYOUTS[name], path


def read_examples(data: str) -> list[Example]:
    """The examples of "LAYOUT:PATH". Raises FerdeskError for an unknown layout or a bad path."""
    layout, path = layout_of(data)
    examples = layout.read(path)
    if not examples:
        raise FerdeskError(f"The data set '{data}' has no usable picture.")
    return examples


def original_labels(data: str) -> dict[str, int]:
    """The data set's own earlier, noisy labels of its training pictures, by name.

    -1 stands for a picture without one. FerdeskError when the data set has none at all.
    """
    originals = {e.name: e.original for e in read_examples(data) if e.split == "train"}
    if all(label < 0 for label in originals.values()):
        raise FerdeskError(
            f"'{data}' has no original labels beside the clean ones, so there is no natural noise; "
            "choose another --train.noise.kind."
        )
    return originals


def prepare(
    data: str,
    cache: Path,
    align: bool | None = None,
    progress: Reports | None = None,
    geometry: bool = False,
) -> Path:
    """The folder of the packed cache of `data`, packed now if it was not before.

    `align` None: as the layout needs it. `progress` None: a bar on a terminal, a line now and then
    elsewhere. `geometry`: with the landmarks of its faces.
    """
    examples = read_examples(data)
    wanted = layout_of(data)[0].align if align is None else align
    with contextlib.ExitStack() as stack:
        shown = progress or stack.enter_context(shown_progress(len(examples)))
        folder = pack(examples, cache, shown, wanted)
    if geometry:
        with shown_progress(len(examples), "landmarks of") as found:
            complete(folder, examples, found)
    return folder


@contextmanager
def shown_progress(total: int, what: str = "cropped") -> Iterator[Reports]:
    """A bar on stderr where that is a terminal, else ten lines of long work in the log."""
    step = max(_LINE_EVERY, total // 10)
    with tqdm(total=total, desc=what, unit="picture", disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(done - bar.n)
            if bar.disable and done % step == 0 and done < total:
                log.info("%s %d of %d pictures", what, done, total)

        yield progress
