"""A tiny FER+ tree with the official layout, made on the fly from the portrait; no progress;
a Ctrl-C."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.resources import asset

VOTES = (*EXPRESSIONS, "contempt", "unknown", "NF")


def face(seed: int) -> np.ndarray:
    """48×48 grey: the portrait's face, cut a little differently for each seed."""
    picture = cv2.imread(str(asset("portrait.png")), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    x, y = 150 + seed % 7, 40 + seed % 5
    return np.asarray(cv2.resize(picture[y : y + 190, x : x + 190], (48, 48)), np.uint8)


def write_tree(root: Path, rows: list[tuple[str, str, dict[str, int], np.ndarray | bytes]]) -> Path:
    """Write `fer2013new.csv` and the pictures; rows are (usage, name, votes, picture)."""
    folders = {
        "Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test",
    }  # fmt: skip
    root.mkdir(parents=True, exist_ok=True)
    with (root / "fer2013new.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Usage", "Image name", *VOTES])
        for usage, name, votes, picture in rows:
            writer.writerow([usage, name, *(votes.get(key, 0) for key in VOTES)])
            folder = root / folders[usage]
            folder.mkdir(exist_ok=True)
            if isinstance(picture, bytes):
                (folder / name).write_bytes(picture)
            else:
                cv2.imwrite(str(folder / name), picture)
    return root


def small_tree(root: Path, train: int = 24, valid: int = 8) -> Path:
    """A readable tree: labels go round the seven expressions, every picture is different."""
    rows: list[tuple[str, str, dict[str, int], np.ndarray | bytes]] = []
    generator = np.random.default_rng(0)
    for i in range(train + valid):
        usage = "Training" if i < train else "PublicTest"
        noise = generator.integers(-3, 4, (48, 48))
        picture = np.clip(face(i).astype(int) + noise, 0, 255).astype(np.uint8)
        rows.append((usage, f"fer{i:07d}.png", {EXPRESSIONS[i % 7]: 8, "contempt": 1}, picture))
    return write_tree(root, rows)


def nothing(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


class AskAfter:
    """Stands in for Ctrl-C after so many steps."""

    steps = 0

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> AskAfter:
        return self

    def __exit__(self, *_: object) -> None: ...

    @property
    def asked(self) -> bool:
        self.calls += 1
        return self.calls == self.steps
