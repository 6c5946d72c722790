"""FER+ (Barsoum et al. 2016): the official folders and the crowd's votes.

    DIR/fer2013new.csv                        Usage, Image name, ten vote columns
    DIR/FER2013Train | FER2013Valid | FER2013Test / ferNNNNNNN.png     48×48 grey
    DIR/fer2013_labels.csv or DIR/fer2013.csv     optional: FER2013's own, noisy labels

Which pictures count and what their targets are: `trainer.data.votes`.
"""

from __future__ import annotations

from pathlib import Path

from ferdesk.errors import FerdeskError
from trainer.data.csv_table import read_table
from trainer.data.examples import Example
from trainer.data.fer2013 import TABLE, read_rows
from trainer.data.names import fer2013_label
from trainer.data.votes import USAGES, VOTES_FILE, Votes, read_votes

_FOLDERS = {
    "Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test",
}  # fmt: skip
_LABELS_FILE = "fer2013_labels.csv"


def read_ferplus(root: Path) -> list[Example]:
    """Every countable picture under `root`, in the order of the votes file.

    Raises FerdeskError when the votes file is missing or malformed, or when none of the three
    folders is there. Pictures of a folder that is absent as a whole are left out.
    """
    votes_file = root / VOTES_FILE
    if not votes_file.is_file():
        raise FerdeskError(f"There is no {VOTES_FILE} in '{root}'; give the folder that holds it.")
    present = {usage for usage, folder in _FOLDERS.items() if (root / folder).is_dir()}
    if not present:
        raise FerdeskError(f"'{root}' has none of the folders {', '.join(_FOLDERS.values())}.")
    votes = read_votes(votes_file)
    originals = _originals(root, votes)
    return [
        Example(
            path=root / _FOLDERS[vote.usage] / vote.name,
            split=USAGES[vote.usage],
            target=vote.target,
            original=originals.get(vote.name, -1),
        )
        for vote in votes
        if vote.usage in present and vote.name and vote.target is not None
    ]


def _originals(root: Path, votes: list[Votes]) -> dict[str, int]:
    """FER2013's labels by picture name, as far as a file beside the votes tells them."""
    labels_file, table = root / _LABELS_FILE, root / TABLE
    if labels_file.is_file():
        labels = {}
        for number, row in read_table(labels_file, ("name", "fer2013_label")):
            try:
                labels[row["name"]] = fer2013_label(int(row["fer2013_label"]))
            except ValueError as error:
                raise FerdeskError(
                    f"Line {number} of '{labels_file}' has no FER2013 label (-1 to 6)."
                ) from error
        return labels
    if table.is_file():
        rows = list(read_rows(table))
        if len(rows) == len(votes):
            return {v.name: row.label for v, row in zip(votes, rows, strict=True) if v.name}
        raise FerdeskError(
            f"'{table}' has {len(rows)} rows and {VOTES_FILE} beside it {len(votes)}, so they do "
            f"not belong together; take {TABLE} away."
        )
    return {}
