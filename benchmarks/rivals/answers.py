"""What every contestant is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS

SYNONYMS: Final[dict[str, str]] = {
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "smile": "happiness",
    "surprised": "surprise",
}
"""Rivals' words for the seven expressions; a name of EXPRESSIONS stands for itself."""


class Kind(StrEnum):
    """What a contestant does with a picture."""

    WHOLE = "whole"
    """Its network on the whole picture, no detector."""
    PICTURES = "pictures"
    """Its own detector and its network, on pictures that have nothing to do with each other."""
    FRAMES = "frames"
    """The same on frames that follow each other."""


@dataclass(frozen=True, slots=True)
class Task:
    """Pictures to work on."""

    kind: Kind
    title: str
    file: Path
    """(N, H, W, 3) uint8 BGR, an .npy file."""
    count: int
    fps: float = 0.0
    """Of FRAMES."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face found, or the whole picture."""

    probabilities: NDArray[np.float64]
    """(7,) in the order of EXPRESSIONS; only the largest matters here."""
    area: float = 0.0
    """Of its box, in pixels."""
    smoothed: NDArray[np.float64] | None = None
    """(7,) smoothed over time, where the contestant smooths."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One picture answered."""

    ms: float
    """From the picture in memory to the answer."""
    faces: tuple[Face, ...]

    @property
    def main(self) -> Face | None:
        """The largest face."""
        return max(self.faces, key=lambda face: face.area) if self.faces else None

    @property
    def label(self) -> int:
        """Index of the main face's expression; -1 where no face was found."""
        return int(self.main.probabilities.argmax()) if self.main is not None else -1


class Contestant(Protocol):
    """Ours or a rival."""

    title: str
    versions: dict[str, str]

    def answer(self, task: Task, first: int, last: int) -> list[Answer]:
        """The pictures `first` to `last` - 1. Raises FerdeskError when it cannot go on."""
        ...

    def reset(self) -> None:
        """Forget what was seen: frames start again."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...


def to_probabilities(scores: Mapping[str, float]) -> NDArray[np.float64]:
    """(7,) in the order of EXPRESSIONS from scores by a rival's names.

    Raises FerdeskError when a name is unknown or an expression is missing.
    """
    own = {SYNONYMS.get(name, name): score for name, score in scores.items()}
    if set(own) != set(EXPRESSIONS) or len(own) != len(scores):
        raise FerdeskError(
            f"The labels {', '.join(scores)} do not stand for the seven expressions."
        )
    return np.array([own[name] for name in EXPRESSIONS], np.float64)
