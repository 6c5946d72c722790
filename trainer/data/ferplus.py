"""FER+ (Barsoum et al. 2016): the official folders and the crowd's votes.

    DIR/fer2013new.csv                        Usage, Image name, ten vote columns
    DIR/FER2013Train | FER2013Valid | FER2013Test / ferNNNNNNN.png     48×48 grey

A picture counts when one of the seven expressions alone has most of all ten kinds of votes. Its
soft target is its votes for the seven, divided by their sum.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from trainer.data.examples import Example, Split

_FOLDERS: dict[str, tuple[str, Split]] = {
    "Training": ("FER2013Train", "train"),
    "PublicTest": ("FER2013Valid", "valid"),
    "PrivateTest": ("FER2013Test", "test"),
}
_OTHER_VOTES = ("contempt", "unknown", "NF")


def read_ferplus(root: Path) -> list[Example]:
    """Every countable picture under `root`, in the order of the votes file.

    Raises FerdeskError when the votes file is missing or malformed, or when none of the three
    folders is there. Pictures of a folder that is absent as a whole are left out; a single missing
    file is an error.
    """
    votes_file = root / "fer2013new.csv"
    if not votes_file.is_file():
        raise FerdeskError(
            f"There is no fer2013new.csv in '{root}'; give the folder that holds it."
        )
    present = {usage for usage, (folder, _) in _FOLDERS.items() if (root / folder).is_dir()}
    if not present:
        raise FerdeskError(
            f"'{root}' has none of the folders FER2013Train, FER2013Valid, FER2013Test."
        )
    examples = []
    with votes_file.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                usage, name = row["Usage"], row["Image name"]
                votes = np.array([float(row[key]) for key in EXPRESSIONS])
                others = max(float(row[key]) for key in _OTHER_VOTES)
            except (KeyError, TypeError, ValueError) as error:
                raise FerdeskError(f"Line {number} of '{votes_file}' is not a FER+ row.") from error
            if usage not in present or not name:
                continue
            top = votes.max()
            if top <= others or int((votes == top).sum()) > 1:
                continue
            folder, split = _FOLDERS[usage]
            examples.append(
                Example(
                    path=root / folder / name,
                    split=split,
                    target=tuple(float(v) for v in votes / votes.sum()),
                )
            )
    return examples
