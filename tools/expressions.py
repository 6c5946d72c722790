"""Faces as a few numbers: what the built-in clip shows, and which landmarks that moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
BROWS = (
    (70, 63, 105, 66, 107, 46, 53, 52, 65, 55),
    (300, 293, 334, 296, 336, 276, 283, 282, 295, 285),
)
"""Each: upper edge from outside to inside, then lower edge likewise."""
UPPER_LIDS = ((246, 161, 160, 159, 158, 157, 173), (466, 388, 387, 386, 385, 384, 398))
LOWER_LIDS = ((7, 163, 144, 145, 153, 154, 155), (249, 390, 373, 374, 380, 381, 382))
CREASES = ((247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414))
PINNED = (33, 133, 362, 263, 6, 168, 197, 195, 5, 4, 1, 2, 98, 327, 19, 94, *range(468, 478))
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 127, 234, 162, 21, 54, 103, 67, 109)
JAW = {
    152: 1.0, 148: 0.98, 377: 0.98, 176: 0.93, 400: 0.93, 149: 0.85, 378: 0.85, 150: 0.72,
    379: 0.72, 136: 0.55, 365: 0.55, 172: 0.38, 397: 0.38, 58: 0.22, 288: 0.22, 132: 0.1, 361: 0.1,
    199: 1.0, 175: 1.0, 200: 1.0, 18: 1.0, 208: 0.97, 428: 0.97, 32: 0.95, 262: 0.95,
}  # fmt: skip
"""How much of the chin's way down each point of the jaw goes along."""
CHEEKS = (50, 280, 205, 425, 101, 330)


@dataclass(frozen=True)
class Expression:
    """A face, in units of the distance between the outer eye corners. Down and out are > 0."""

    mouth_width: float = 0.57
    mouth_place: float = 0.0
    """Height of the closed lips relative to where the portrait's teeth meet the upper lip."""
    corners: float = 0.0
    """How far the corners are below the middle of the mouth."""
    gap: float = 0.0
    """Height of the opening between the lips."""
    upper_lip: float = 0.058
    lower_lip: float = 0.078
    jaw: float = 0.0
    inner_brow: float = 0.0
    middle_brow: float = 0.0
    outer_brow: float = 0.0
    brows_apart: float = 0.0
    upper_lid: float = 0.0
    lower_lid: float = 0.0
    cheeks: float = 0.045
    frown: float = 0.0
    """Strength of the shade between the brows, 0..1."""
    relaxed: float = 1.0
    """How far the folds beside the smile are smoothed away, 0..1."""


NEUTRAL = Expression(
    mouth_place=0.05, corners=0.002, upper_lip=0.066, upper_lid=-0.004, lower_lid=0.012
)
SURPRISE = Expression(
    mouth_width=0.47, mouth_place=0.03, gap=0.27, jaw=0.27, upper_lip=0.06, lower_lip=0.075,
    inner_brow=-0.08, middle_brow=-0.105, outer_brow=-0.085, upper_lid=-0.034, lower_lid=0.018,
    cheeks=0.06,
)  # fmt: skip
SADNESS = Expression(
    mouth_width=0.56, mouth_place=0.045, corners=0.078, upper_lip=0.05, lower_lip=0.085, jaw=-0.02,
    inner_brow=-0.085, middle_brow=-0.02, outer_brow=0.035, brows_apart=-0.02, upper_lid=0.02,
    lower_lid=0.0, cheeks=0.03,
)  # fmt: skip
ANGER = Expression(
    mouth_width=0.52, mouth_place=0.045, corners=0.035, upper_lip=0.036, lower_lip=0.05, jaw=-0.015,
    inner_brow=0.085, middle_brow=0.06, outer_brow=-0.01, brows_apart=-0.05, upper_lid=0.014,
    lower_lid=-0.012, cheeks=0.03, frown=1.0,
)  # fmt: skip

TIMELINE: Final[tuple[tuple[float, Expression | None], ...]] = (
    (0.0, None), (1.3, None), (2.0, NEUTRAL), (2.9, NEUTRAL), (3.4, SURPRISE), (4.6, SURPRISE),
    (5.4, SADNESS), (6.6, SADNESS), (7.3, ANGER), (8.5, ANGER), (9.3, None), (10.0, None),
)  # fmt: skip
"""Seconds and what the face shows then; None is the portrait's own smile."""
