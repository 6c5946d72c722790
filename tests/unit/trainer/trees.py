"""Tiny data sets in their official layouts, made on the fly from drawn faces."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from tests.unit.trainer.helpers import VOTES
from trainer.data.synthetic import draw_face

RAFDB_IDS = {
    1: "surprise", 2: "fear", 3: "disgust", 4: "happiness", 5: "sadness", 6: "anger", 7: "neutral",
}  # fmt: skip
"""As RAF-DB's own readme lists them."""


def picture(number: int, size: int = 48) -> NDArray[np.uint8]:
    """(size, size, 3) uint8 BGR, another face for each number."""
    return np.asarray(cv2.resize(draw_face(number % 7, 99, number), (size, size)), np.uint8)


def write(path: Path, number: int, size: int = 48) -> Path:
    """A picture on disk; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture(number, size))
    return path


def rafdb_tree(root: Path, rounds: int = 2) -> Path:
    """``EmoLabel`` and ``Image/aligned``: ids 1 to 7 in turn, `rounds` times in train and test."""
    lines = []
    for split, pattern in (("train", "train_{:05d}"), ("test", "test_{:04d}")):
        for i in range(7 * rounds):
            name = pattern.format(i + 1)
            lines.append(f"{name}.jpg {i % 7 + 1}\n")
            number = i + (1000 if split == "test" else 0)
            write(root / "Image" / "aligned" / f"{name}_aligned.jpg", number, 100)
    (root / "EmoLabel").mkdir()
    (root / "EmoLabel" / "list_patition_label.txt").write_text("".join(lines))
    return root


def rafdb_folders(root: Path, names: Sequence[str] = ("a.jpg", "b.jpg")) -> Path:
    """``train/1…7`` and ``test/1…7``."""
    for split in ("train", "test"):
        for number in range(1, 8):
            for i, name in enumerate(names):
                write(root / split / str(number) / name, 100 * len(split) + 10 * number + i, 100)
    return root


def class_folders(root: Path, names: Sequence[str] = EXPRESSIONS, count: int = 4) -> Path:
    """A folder for each name with `count` pictures."""
    for label, name in enumerate(names):
        for i in range(count):
            write(root / name / f"{i:03d}.png", 100 * label + i + 7 * len(root.name))
    return root


def fer2013_table(root: Path, rows: Sequence[tuple[int, str]]) -> Path:
    """``fer2013.csv`` of (emotion, Usage) rows."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "fer2013.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for i, (emotion, usage) in enumerate(rows):
            grey = cv2.cvtColor(picture(i), cv2.COLOR_BGR2GRAY)
            writer.writerow([emotion, " ".join(map(str, grey.ravel())), usage])
    return root


def votes_table(root: Path, rows: Sequence[tuple[str, str, dict[str, int]]]) -> Path:
    """``fer2013new.csv`` of (Usage, name, votes) rows, without pictures."""
    with (root / "fer2013new.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *VOTES])
        for usage, name, votes in rows:
            writer.writerow([usage, name, *(votes.get(key, 0) for key in VOTES)])
    return root
