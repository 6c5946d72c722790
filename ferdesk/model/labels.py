"""The seven expressions, their order and what they are called on screen."""

from typing import Final

EXPRESSIONS: Final[tuple[str, ...]] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
)
"""Every probability vector in ferdesk has this order (the order of the FER+ votes)."""

NUM_EXPRESSIONS: Final = len(EXPRESSIONS)

DISPLAY_NAMES: Final[dict[str, str]] = {
    "neutral": "Neutral",
    "happiness": "Happiness",
    "surprise": "Surprise",
    "sadness": "Sadness",
    "anger": "Anger",
    "disgust": "Disgust",
    "fear": "Fear",
}


def expression_index(name: str) -> int:
    """Position of `name` in :data:`EXPRESSIONS`; ValueError when it is not one of the seven."""
    return EXPRESSIONS.index(name)
