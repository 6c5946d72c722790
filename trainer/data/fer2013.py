"""FER2013 (Goodfellow et al. 2013): all pictures in one table.

    DIR/fer2013.csv        emotion, pixels (48×48 grey numbers), Usage; 35,887 rows
    DIR/fer2013new.csv     FER+ votes, optional: row by row the same pictures

With the votes the targets are the crowd's and the pictures are those that FER+ counts, as in
`trainer.data.ferplus`; without them the targets are FER2013's own single labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from trainer.data.examples import Example, one_hot
from trainer.data.names import fer2013_label
from trainer.data.votes import USAGES, VOTES_FILE, read_votes

TABLE = "fer2013.csv"
_EDGE = 48
_HEADER = ("emotion", "pixels", "Usage")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; the picture stays in the file."""

    line: int
    label: int
    """Index in ``labels.EXPRESSIONS``; -1 unknown."""
    usage: str
    offset: int
    """Of the row in the file, in bytes."""
    length: int
    digest: str
    """Of the text of the pixels."""


def read_rows(file: Path) -> Iterator[Row]:
    """Every row of `file`. FerdeskError names the line that is not a row of FER2013."""
    try:
        with file.open("rb") as stream:
            header = tuple(_cells(stream.readline().removeprefix(b"\xef\xbb\xbf")))
            if header != _HEADER:
                raise FerdeskError(
                    f"'{file}' does not begin with {','.join(_HEADER)}; is it {TABLE}?"
                )
            offset = stream.tell()
            for line, raw in enumerate(stream, start=2):
                if raw.strip():
                    yield _row(raw, line, offset, file)
                offset += len(raw)
    except OSError as error:
        raise FerdeskError(f"'{file}' cannot be read: {error.strerror}.") from error


def _cells(raw: bytes) -> tuple[str, str, str]:
    first, _, rest = raw.partition(b",")
    pixels, _, last = rest.rpartition(b",")
    return tuple(c.strip(b' "\r\n').decode(errors="replace") for c in (first, pixels, last))  # type: ignore[return-value]


def _row(raw: bytes, line: int, offset: int, file: Path) -> Row:
    emotion, pixels, usage = _cells(raw)
    wrong = FerdeskError(
        f"Line {line} of '{file}' is not a row of FER2013: a label 0 to 6, {_EDGE * _EDGE} pixels "
        "and Training, PublicTest or PrivateTest."
    )
    try:
        label = fer2013_label(int(emotion))
    except ValueError as error:
        raise wrong from error
    if usage not in USAGES or pixels.count(" ") != _EDGE * _EDGE - 1:
        raise wrong
    digest = hashlib.sha256(pixels.encode()).hexdigest()[:16]
    return Row(line, label, usage, offset, len(raw), digest)


def read_pixels(file: Path, offset: int, length: int) -> NDArray[np.uint8] | None:
    """(48, 48, 3) uint8 of the row at `offset`; None when its pixels are not numbers 0 to 255."""
    try:
        with file.open("rb") as stream:
            stream.seek(offset)
            text = _cells(stream.read(length))[1]
    except OSError as error:
        raise FerdeskError(f"'{file}' cannot be read: {error.strerror}.") from error
    try:
        values = np.array([int(v) for v in text.split()])
    except ValueError:
        return None
    if values.size != _EDGE * _EDGE or values.min() < 0 or values.max() > 255:
        return None
    grey = values.astype(np.uint8).reshape(_EDGE, _EDGE)
    return np.repeat(grey[:, :, None], 3, axis=2)


def read_fer2013(root: Path) -> list[Example]:
    """Every usable picture of the table in or at `root`, named by FER+ or by its row from 0.

    Raises FerdeskError when there is no table, when a line is malformed, or when the votes beside
    it do not belong to it.
    """
    file = root if root.is_file() else root / TABLE
    if not file.is_file():
        raise FerdeskError(f"There is no {TABLE} in '{root}'; give the folder that holds it.")
    rows = list(read_rows(file))
    votes_file = file.parent / VOTES_FILE
    if not votes_file.is_file():
        return [
            _example(file, row, f"row{i:05d}", one_hot(row.label), -1)
            for i, row in enumerate(rows)
            if row.label >= 0
        ]
    votes = read_votes(votes_file)
    if [v.usage for v in votes] != [r.usage for r in rows]:
        raise FerdeskError(
            f"'{votes_file}' ({len(votes)} rows) does not belong to {TABLE} ({len(rows)} rows): "
            "both must have the same rows in the same order; take one of them away."
        )
    return [
        _example(file, row, vote.name, vote.target, row.label)
        for row, vote in zip(rows, votes, strict=True)
        if vote.name and vote.target is not None
    ]


def _example(file: Path, row: Row, name: str, target: tuple[float, ...], original: int) -> Example:
    return Example(
        path=file,
        split=USAGES[row.usage],
        target=target,
        original=original,
        name=name,
        pixels=partial(read_pixels, file, row.offset, row.length),
        stamp=row.digest,
    )
