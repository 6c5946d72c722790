"""What the window says about one face. Every panel takes it from here, so that none contradicts
another: headline, label on the picture, bars, reliability and the row "Final".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ferdesk.model.labels import DISPLAY_NAMES
from ferdesk.pipeline.types import UNSURE, FaceReading

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card

WEAK: Final = 0.5
"""An expression of which the checkpoint finds a smaller share than this is called weak."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The words for one face at one limit."""

    label: str | None
    """The name of the expression; None while it is withheld."""
    headline: str
    """`label`, or "Unsure"."""
    share: float
    """Probability of the likeliest expression, shown beside the headline unless withheld."""
    possible: tuple[str, ...]
    """Names of what else may be right, likeliest first and with the likeliest; one at least."""
    aside: str
    """Beside the headline: `Fear or Surprise?`, `also possible: Surprise`, or ""."""
    reason: str
    """Under the reliability: whether it is enough, and why it is low."""
    caution: str
    """What the checkpoint is known to be weak at, when it matters for this face; or ""."""


def judge(face: FaceReading, threshold: float, weak: Mapping[str, float] | None = None) -> Verdict:
    """The verdict on `face` when labels less reliable than `threshold` are withheld.

    `weak`: see `weaknesses`.
    """
    withheld = face.abstains(threshold)
    label = DISPLAY_NAMES[face.label]
    # The set is of the same smoothed probabilities; its first is their winner.
    others = tuple(DISPLAY_NAMES[name] for name in face.prediction_set if name != face.label)
    possible = (label, *others)
    aside = _question(possible) if withheld else ""
    if others and not withheld:
        aside = f"also possible: {', '.join(others)}"
    return Verdict(
        label=None if withheld else label,
        headline=UNSURE.capitalize() if withheld else label,
        share=float(face.probabilities.max()),
        possible=possible,
        aside=aside,
        reason=_reason(face, threshold, withheld, named=bool(others)),
        caution=caution(face.label, weak or {}),
    )


def weaknesses(card: Card | None) -> Mapping[str, float]:
    """The expressions of which a checkpoint finds fewer than half, and the share it finds."""
    measured = recalls(card) if card is not None else {}
    return {name: share for name, share in measured.items() if share < WEAK}


def recalls(card: Card) -> dict[str, float]:
    """Expression -> share of its faces that was labelled so; {} where the card does not say."""
    table = card.tables.get("recall")
    if not isinstance(table, dict):
        return {}
    return {
        name: float(table[name])
        for name in DISPLAY_NAMES
        if isinstance(table.get(name), int | float) and 0 <= table[name] <= 1
    }


def caution(name: str, weak: Mapping[str, float]) -> str:
    """`Weak on Disgust: 17 of 100 found`, or "" when the checkpoint is not weak on it."""
    if name not in weak:
        return ""
    return f"Weak on {DISPLAY_NAMES[name]}: {weak[name] * 100:.0f} of 100 found"


def _question(possible: Sequence[str]) -> str:
    if len(possible) == 1:
        return f"{possible[0]}?"
    return f"{', '.join(possible[:-1])} or {possible[-1]}?"


def _reason(face: FaceReading, threshold: float, withheld: bool, *, named: bool) -> str:
    if face.reliability is None:
        return ""
    # Which two they are stands beside the headline already.
    why = face.reason.partition(":")[0] if named else face.reason
    limit = f"(limit {threshold * 100:.0f} %)"
    if withheld:
        enough = "Not reliable enough"
        return f"{enough}: {why}" if why else f"{enough} to label {limit}"
    if threshold <= 0:
        return why[:1].upper() + why[1:]
    if why:
        return f"Reliable enough, but {why}"
    return f"Reliable enough to label {limit}"
