"""What a reader returns: one picture and what is known about its label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class Example:
    """One picture before it is packed."""

    path: Path
    """The picture, or the file that holds it among others."""
    split: Split
    target: tuple[float, ...]
    """Seven probabilities in the order of ``labels.EXPRESSIONS``; one-hot for hard labels."""
    original: int = -1
    """Index of the data set's own earlier, noisy label; -1 where there is none."""
    name: str = ""
    """Unique in the data set; the file's name where nothing else is given."""
    pixels: Callable[[], NDArray[np.uint8] | None] | None = field(default=None, compare=False)
    """For pictures that are not files: gives (H, W, 3) uint8 RGB, or None when it is damaged."""
    landmarks: Path | None = None
    """For pictures that are aligned crops already: the landmarks of the face
    (`trainer.data.landmarks`). They are not cropped again."""
    stamp: str = ""
    """For pictures that are not files: differs when the pixels differ."""

    def __post_init__(self) -> None:
        """Name the example after its file unless it has a name."""
        if not self.name:
            object.__setattr__(self, "name", self.path.name)

    @property
    def label(self) -> int:
        """Index of the largest probability."""
        return max(range(len(self.target)), key=self.target.__getitem__)


def one_hot(label: int) -> tuple[float, ...]:
    """All probability on one of the seven."""
    return tuple(float(i == label) for i in range(7))
