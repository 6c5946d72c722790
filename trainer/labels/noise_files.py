"""Published files of wrong labels for RAF-DB, and the noise.csv of an earlier run.

    EAC, ReSup, list_patition_label.txt     train_00001.jpg 5                 ids 1..7
    SCN                                     FOLDER/train_00001_aligned.jpg 4  ids 0..6
    noise.csv                               name,clean,noisy,flipped          expressions

LA-Net has no such file: it draws from its seed when it starts, which `la_net_noise` repeats.
ReSup's files change test labels too; rows of test pictures are skipped unread.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS, NUM_EXPRESSIONS, expression_index
from trainer.data.names import rafdb_label
from trainer.files import read_json

log = logging.getLogger(__name__)

COLUMNS: Final = ("name", "clean", "noisy", "flipped")
"""Header of noise.csv."""

LA_NET: Final = "la-net"
"""Stands for LA-Net's own draws where a file name is expected."""

_LA_NET_ORDER = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
_SUSPICIOUS_RATE = 0.6


class _Row(NamedTuple):
    line: int
    name: str
    label: int
    clean: int
    """-1 where the file does not say."""


def read_noise_file(
    path: Path, names: Sequence[str], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(N,) int64 labels of the training pictures `names` as the file `path` has them.

    `labels` (N,) are the clean labels, in 0..6 of ``EXPRESSIONS``. Pictures are found by the stem
    of their name, with or without `_aligned`; other rows are left alone. Raises FerdeskError for a
    file that cannot be read, a line that is none, an id out of range, two labels for one picture,
    and a file that does not name every picture.
    """
    text = _read(path)
    if text.partition("\n")[0].strip() == ",".join(COLUMNS):
        rows = _parse_csv(path, text)
        exact = {row.name for row in rows}.issuperset(names)
    else:
        rows, exact = _parse_list(path, text), False
    found: dict[str, _Row] = {}
    for row in rows:
        key = row.name if exact else _stem(row.name)
        first = found.setdefault(key, row)
        if first.label != row.label:
            raise FerdeskError(
                f"'{path}' gives '{row.name}' one label on line {first.line} and another on line "
                f"{row.line}; remove one of them."
            )
    keys = [name if exact else _stem(name) for name in names]
    _check_names(path, names, keys, found)
    for name, key, label in zip(names, keys, labels, strict=True):
        if found[key].clean not in (-1, label):
            raise FerdeskError(
                f"Line {found[key].line} of '{path}' says that '{name}' is "
                f"{EXPRESSIONS[found[key].clean]}, but here it is {EXPRESSIONS[label]}: the file "
                "was made for other labels."
            )
    noisy = np.array([found[key].label for key in keys], np.int64)
    if len(noisy) and float((noisy != labels).mean()) > _SUSPICIOUS_RATE:
        log.warning(
            "%.0f %% of the labels in %s differ from those of the data; is it made for other data?",
            100 * float((noisy != labels).mean()), path,
        )  # fmt: skip
    return noisy


def la_net_noise(
    names: Sequence[str], labels: NDArray[np.int64], rate: float, seed: int = 0
) -> NDArray[np.int64]:
    """(N,) int64 labels with the symmetric noise of an LA-Net run of that `rate` and `seed`.

    LA-Net goes through RAF-DB's training list in order and draws from Python's generator, so what
    happens to a picture follows from its number (train_00001 is the first). Raises FerdeskError for
    pictures that are not named so.
    """
    numbers = [re.fullmatch(r"train_(\d{1,6})", _stem(name)) for name in names]
    for name, match in zip(names, numbers, strict=True):
        if match is None or int(match[1]) < 1:
            raise FerdeskError(
                f"LA-Net's noise is made for RAF-DB's training pictures, and '{name}' is not "
                "named like one (train_00001_aligned.jpg)."
            )
    positions = [int(match[1]) - 1 for match in numbers if match is not None]
    generator = random.Random(seed)
    shifts = [
        generator.randint(1, NUM_EXPRESSIONS - 1) if generator.random() < rate else 0
        for _ in range(max(positions, default=-1) + 1)
    ]
    own = np.array([_LA_NET_ORDER.index(EXPRESSIONS[label]) for label in labels], np.int64)
    shifted = (own + np.array([shifts[i] for i in positions], np.int64)) % NUM_EXPRESSIONS
    return np.array([expression_index(_LA_NET_ORDER[i]) for i in shifted], np.int64)


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise FerdeskError(f"The noise file '{path}' cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FerdeskError(f"The noise file '{path}' is not a text file.") from error
    manifest = path.with_suffix(".json")
    about = read_json(manifest) if path.suffix == ".csv" else None
    if about is not None and about.get("sha256") != hashlib.sha256(content).hexdigest():
        raise FerdeskError(
            f"'{path}' was changed after the run wrote it; its hash is not the one in "
            f"{manifest.name}."
        )
    return text


def _parse_csv(path: Path, text: str) -> list[_Row]:
    rows = []
    reader = csv.DictReader(io.StringIO(text, newline=""))
    for row in reader:
        try:
            clean, noisy = expression_index(row["clean"]), expression_index(row["noisy"])
        except ValueError as error:
            raise FerdeskError(
                f"Line {reader.line_num} of '{path}' does not name two of the seven expressions."
            ) from error
        rows.append(_Row(reader.line_num, row["name"], noisy, clean))
    return rows


def _parse_list(path: Path, text: str) -> list[_Row]:
    """Rows of "NAME ID" lines. Ids start at 0 when a training row has a 0, at 1 otherwise."""
    ids: list[tuple[int, str, int]] = []
    for line, content in enumerate(text.splitlines(), start=1):
        name, _, number = content.strip().replace("\t", " ").rpartition(" ")
        if _is_test(name or number):
            continue
        if not name:
            if number:
                raise FerdeskError(f"Line {line} of '{path}' is not a picture's name and an id.")
            continue
        if not re.fullmatch(r"\d+", number, re.ASCII) or int(number) > NUM_EXPRESSIONS:
            raise FerdeskError(
                f"Line {line} of '{path}' has the id '{number}'; RAF-DB's ids are 1 to 7."
            )
        ids.append((line, name.strip(), int(number)))
    first = {number: line for line, _, number in reversed(ids)}
    start = 0 if 0 in first else 1
    if start == 0 and NUM_EXPRESSIONS in first:
        raise FerdeskError(
            f"'{path}' has the id 0 on line {first[0]} and the id 7 on line "
            f"{first[NUM_EXPRESSIONS]}; ids are either 1 to 7 or, in SCN's files, 0 to 6."
        )
    return [_Row(line, name, rafdb_label(number - start + 1), -1) for line, name, number in ids]


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.removesuffix("_aligned")


def _is_test(name: str) -> bool:
    """True for a picture of RAF-DB's test part, by its name or its folder."""
    if _stem(name).startswith(("train", "test")):
        return _stem(name).startswith("test")
    return "test" in PurePosixPath(name.replace("\\", "/")).parts[:-1]


def _check_names(
    path: Path, names: Sequence[str], keys: Sequence[str], found: dict[str, _Row]
) -> None:
    missing = [name for name, key in zip(names, keys, strict=True) if key not in found]
    if missing:
        raise FerdeskError(
            f"'{path}' has no label for {len(missing)} of the {len(names)} training pictures, for "
            f"example '{missing[0]}'; it was made for other data."
        )
    if len(set(keys)) < len(keys):
        count = Counter(keys)
        twice = next(name for name, key in zip(names, keys, strict=True) if count[key] > 1)
        raise FerdeskError(
            f"Two training pictures are named like '{twice}', so '{path}' cannot say which of "
            "them it means; give the pictures names of their own."
        )
