"""What people call the seven expressions in folder names and tables."""

from __future__ import annotations

from ferdesk.model.labels import EXPRESSIONS

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "neutral": ("neutrality", "normal"),
    "happiness": ("happy", "joy", "smile"),
    "surprise": ("surprised", "suprise"),
    "sadness": ("sad",),
    "anger": ("angry",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
}
_INDEX = {
    word: index
    for index, name in enumerate(EXPRESSIONS)
    for word in (name, *_SYNONYMS[name])
}  # fmt: skip

FER2013_ORDER = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""Labels 0..6 of ``fer2013.csv``."""
RAFDB_ORDER = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
"""Labels 1..7 of RAF-DB."""


def expression_of(word: str) -> int | None:
    """Index of the expression that `word` names, in any case; None for another word."""
    return _INDEX.get(word.strip().lower())


def fer2013_label(number: int) -> int:
    """Index of a FER2013 label 0..6; -1 for -1 (unknown). ValueError for other numbers."""
    if number == -1:
        return -1
    if not 0 <= number < len(FER2013_ORDER):
        raise ValueError(f"{number} is not a label of FER2013")
    return EXPRESSIONS.index(FER2013_ORDER[number])


def rafdb_label(number: int) -> int:
    """Index of a RAF-DB label 1..7. ValueError for other numbers."""
    if not 1 <= number <= len(RAFDB_ORDER):
        raise ValueError(f"{number} is not a label of RAF-DB")
    return EXPRESSIONS.index(RAFDB_ORDER[number - 1])
