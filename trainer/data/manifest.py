"""A table of pictures: path,label[,split][,original][,landmarks].

`path` is relative to the table. `label` and `original` are the name of an expression or its index
0 to 6 in the order of ``labels.EXPRESSIONS``; `original` is an earlier, noisy label, empty where it
is unknown. `split` is train, valid or test; without that column every class is split 80/10/10 by
a hash of the paths. `landmarks`, relative to the table, too, are those of the face that the picture
is the aligned crop of (`trainer.data.landmarks`); such a picture is not cropped again.
"""

from __future__ import annotations

from pathlib import Path

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from trainer.data.csv_table import read_table
from trainer.data.examples import Example, Split, one_hot
from trainer.data.folder import PARTS
from trainer.data.names import expression_of
from trainer.data.stratify import stratified_split


def read_manifest(path: Path) -> list[Example]:
    """Every row of the table at `path`, named by its path cell.

    Raises FerdeskError, naming the line, for a label or split that is none and for a picture that
    is listed twice.
    """
    if path.is_dir():
        path = path / "manifest.csv"
    if not path.is_file():
        raise FerdeskError(f"There is no table '{path}'; give a CSV file with path,label.")
    rows: dict[str, tuple[int, Split | None, int, Path | None]] = {}
    for line, row in read_table(path, ("path", "label")):
        name = row["path"]
        if not name:
            raise FerdeskError(f"Line {line} of '{path}' has no path.")
        if name in rows:
            raise FerdeskError(f"Line {line} of '{path}' lists a picture again: '{name}'.")
        original = row.get("original", "")
        rows[name] = (
            _label(row["label"], line, path),
            _split(row["split"], line, path) if "split" in row else None,
            _label(original, line, path) if original not in ("", "-1") else -1,
            path.parent / row["landmarks"] if row.get("landmarks") else None,
        )
    drawn = stratified_split(list(rows), [row[0] for row in rows.values()])
    return [
        Example(
            path.parent / name, split or other, one_hot(label), original=original, name=name,
            landmarks=landmarks,
        )
        for (name, (label, split, original, landmarks)), other in zip(
            rows.items(), drawn, strict=True
        )
    ]  # fmt: skip


def _label(text: str, line: int, file: Path) -> int:
    label = int(text) if text.isdecimal() and text.isascii() else expression_of(text)
    if label is None or label >= len(EXPRESSIONS):
        raise FerdeskError(
            f"Line {line} of '{file}' has the label '{text}'; write one of "
            f"{', '.join(EXPRESSIONS)}, or its index 0 to {len(EXPRESSIONS) - 1}."
        )
    return label


def _split(text: str, line: int, file: Path) -> Split:
    if text.lower() not in PARTS:
        raise FerdeskError(
            f"Line {line} of '{file}' has the split '{text}'; write train, valid or test."
        )
    return PARTS[text.lower()]
