"""A change from the neutral baseline in a few characters."""

from __future__ import annotations

import math
from typing import Final

WHAT_IT_IS: Final = (
    "×2.0: twice as likely as in the neutral baseline of this face, ÷2.0: half as likely. It takes "
    "away how the face leans at rest. It is no probability and says nothing about feelings, no "
    "promise about mistakes holds for it, and another place of the camera needs a new baseline."
)
_MOST: Final = 999
_SAME: Final = 1.05
"""Below, it rounds to ×1.0."""


def times(change: float) -> str:
    """`×3.1`, `÷12` or `×>999` for a difference of natural logarithms."""
    factor = math.exp(min(abs(change), 50.0))
    sign = "×" if change >= 0 or factor < _SAME else "÷"
    if factor > _MOST:
        return f"{sign}>{_MOST}"
    return f"{sign}{factor:.1f}" if factor < 9.95 else f"{sign}{factor:.0f}"


def signed(change: float) -> str:
    """`+0.41` or `−0.05` for a difference of scores; without a sign where it rounds to nothing."""
    text = f"{abs(change):.2f}"
    return text if text == "0.00" else f"{'+' if change > 0 else '−'}{text}"


def on_since(since: str) -> str:
    """The state in a sentence; `since`: time of day, or of the session under review."""
    return f"Change from baseline on since {since}."
