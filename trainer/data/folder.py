"""Pictures in one folder per class, with or without a folder for each part above.

    DIR/[train|valid|test]/happiness/ANY.jpg

Without parts every class is split 80/10/10 by a hash of the file names, always the same way.
"""

from __future__ import annotations

from pathlib import Path

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from trainer.data.examples import Example, Split, one_hot
from trainer.data.names import expression_of
from trainer.data.stratify import stratified_split

PARTS: dict[str, Split] = {
    "train": "train", "training": "train",
    "valid": "valid", "val": "valid", "validation": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
"""What people call the parts."""
_LITTER = {"thumbs.db", "desktop.ini"}


def pictures_in(folder: Path) -> list[Path]:
    """Every file of a class folder but the system's own, sorted.

    Files that are no pictures are found and named when they are decoded. Raises FerdeskError when
    the folder is missing or holds none.
    """
    if not folder.is_dir():
        raise FerdeskError(f"There is no folder '{folder}' for the pictures of that class.")
    files = sorted(
        f
        for f in folder.iterdir()
        if f.is_file() and not f.name.startswith(".") and f.name.lower() not in _LITTER
    )
    if not files:
        raise FerdeskError(
            f"The class folder '{folder}' holds no picture; add some or remove the folder."
        )
    return files


def _folders(root: Path) -> list[Path]:
    return sorted(
        f for f in root.iterdir() if f.is_dir() and not f.name.startswith((".", "__MACOSX"))
    )


def _classes(root: Path) -> list[tuple[Path, int]]:
    """(picture, label) of every picture of every class folder of `root`."""
    found = []
    for folder in _folders(root):
        label = expression_of(folder.name)
        if label is None:
            raise FerdeskError(
                f"The folder '{folder}' is not named after an expression; the names are "
                f"{', '.join(EXPRESSIONS)}, or common other words for them."
            )
        found += [(file, label) for file in pictures_in(folder)]
    return found


def read_folder(root: Path) -> list[Example]:
    """Every picture under `root`, named by its path from there.

    Raises FerdeskError when there is no class folder, one with another name, or an empty one.
    """
    if not root.is_dir():
        raise FerdeskError(f"There is no folder '{root}'.")
    folders = _folders(root)
    if not folders:
        raise FerdeskError(f"'{root}' has no folder for each class: {', '.join(EXPRESSIONS)}.")
    parts = [(f, PARTS[f.name.lower()]) for f in folders if f.name.lower() in PARTS]
    if parts and len(parts) < len(folders):
        other = next(f for f in folders if f.name.lower() not in PARTS)
        raise FerdeskError(
            f"'{root}' has folders for parts such as '{parts[0][0].name}' and beside them "
            f"'{other.name}'; move that one elsewhere."
        )
    if parts:
        return [
            Example(file, split, one_hot(label), name=file.relative_to(root).as_posix())
            for folder, split in parts
            for file, label in _classes(folder)
        ]
    files = _classes(root)
    names = [file.relative_to(root).as_posix() for file, _ in files]
    splits = stratified_split(names, [label for _, label in files])
    return [
        Example(file, split, one_hot(label), name=name)
        for (file, label), split, name in zip(files, splits, names, strict=True)
    ]
