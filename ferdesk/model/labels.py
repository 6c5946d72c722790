"""The seven expressions: their order, what they are called on screen, and their colours."""

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

EXPRESSION_COLOURS: Final[dict[str, str]] = {
    "neutral": "#98A2B1",
    "happiness": "#CDA504",
    "surprise": "#1EB4FA",
    "sadness": "#2A5BFF",
    "anger": "#F97563",
    "disgust": "#16801A",
    "fear": "#9A4A9F",
}
"""The same in the window and in every report, on light and on dark ground.

Searched for the largest smallest distance (CIE Lab) between any two of them as seen with normal
sight, protanopia, deuteranopia and tritanopia, while each keeps contrast to a white and to a dark
card. `tests/qt/paint/test_theme.py` holds them to it.
"""


def expression_index(name: str) -> int:
    """Position of `name` in :data:`EXPRESSIONS`; ValueError when it is not one of the seven."""
    return EXPRESSIONS.index(name)
