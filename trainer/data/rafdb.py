"""RAF-DB, basic (Li et al. 2017), as it is handed out or as class folders.

    DIR[/basic]/EmoLabel/list_patition_label.txt       "train_00001.jpg 5", ids 1 to 7
    DIR[/basic]/Image/aligned/train_00001_aligned.jpg  100×100
or
    DIR[/DATASET]/train/1…7/ANY.jpg, DIR[/DATASET]/test/1…7/ANY.jpg

There is no validation part.
"""

from __future__ import annotations

import re
from pathlib import Path

from ferdesk.errors import FerdeskError
from trainer.data.examples import Example, Split, one_hot
from trainer.data.folder import pictures_in
from trainer.data.names import rafdb_label

_LIST = Path("EmoLabel") / "list_patition_label.txt"
_IMAGES = Path("Image") / "aligned"
_PARTS: tuple[Split, ...] = ("train", "test")
_OFFICIAL_NAME = re.compile(r"(train_\d{5}|test_\d{4})(_aligned)?\.\w+")


def read_rafdb(root: Path) -> list[Example]:
    """Every picture of the layout that is there, named by its aligned file.

    Raises FerdeskError when neither layout is there, when the list is malformed, or when a class
    folder is missing or empty.
    """
    for folder in (root, root / "basic"):
        if (folder / _LIST).is_file():
            return _official(folder)
    for folder in (root, root / "DATASET"):
        if any((folder / part).is_dir() for part in _PARTS):
            return _class_folders(folder)
    raise FerdeskError(
        f"'{root}' is not RAF-DB: it has neither {_LIST.as_posix()} (in it or in basic/) nor "
        "train/1…7 and test/1…7 (in it or in DATASET/)."
    )


def _official(root: Path) -> list[Example]:
    list_file, images = root / _LIST, root / _IMAGES
    if not images.is_dir():
        raise FerdeskError(
            f"There is no folder '{images}'; unpack RAF-DB's aligned pictures there."
        )
    examples: list[Example] = []
    seen: set[str] = set()
    try:
        text = list_file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FerdeskError(f"The label list '{list_file}' cannot be read: {error}.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        split, name, label = _entry(line, number, list_file)
        if name in seen:
            raise FerdeskError(f"Line {number} of '{list_file}' lists a picture again: {name}.")
        seen.add(name)
        examples.append(Example(images / f"{Path(name).stem}_aligned.jpg", split, one_hot(label)))
    return examples


def _entry(line: str, number: int, list_file: Path) -> tuple[Split, str, int]:
    try:
        name, text = line.split()
        label = rafdb_label(int(text))
        split = next(part for part in _PARTS if name.startswith(f"{part}_"))
    except (ValueError, StopIteration) as error:
        raise FerdeskError(
            f"Line {number} of '{list_file}' is not a picture train_… or test_… with a label "
            f"1 to 7: '{line.strip()}'."
        ) from error
    return split, name, label


def _class_folders(root: Path) -> list[Example]:
    examples = []
    for split in _PARTS:
        if not (root / split).is_dir():
            continue
        for number in range(1, 8):
            folder = root / split / str(number)
            files = pictures_in(folder)
            target = one_hot(rafdb_label(number))
            for file in files:
                official = _OFFICIAL_NAME.fullmatch(file.name)
                name = file.name if official else file.relative_to(root).as_posix()
                examples.append(Example(file, split, target, name=name))
    return examples
