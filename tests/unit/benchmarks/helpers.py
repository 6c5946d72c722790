"""Made-up answers of readers of expressions."""

from __future__ import annotations

import numpy as np

from benchmarks.rivals.answers import Answer, Face

FACEX_NAMES = ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprised")


MACHINE = {"processor": "a, 2 cores", "system": "b", "threads": "2", "load": "0.1", "date": "today"}


def face(label: int, area: float = 1.0, smoothed: int | None = None) -> Face:
    """A face that is certainly of one expression."""
    unit = np.eye(7)
    return Face(unit[label], area, None if smoothed is None else unit[smoothed])


def answer(label: int, ms: float = 1.0, smoothed: int | None = None) -> Answer:
    """One face, or none for -1."""
    return Answer(ms, () if label < 0 else (face(label, smoothed=smoothed),))
