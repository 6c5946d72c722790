"""The 52 blendshape scores that MediaPipe gives with every face: names, meanings, mirror images.

Source: MediaPipe's face blendshape model, whose names and order these are (ARKit's, with
`_neutral` first and without `tongueOut`). Left and right are the person's own. They are no action
units of FACS; the nearest ones are named from the descriptions of both (docs/movements.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BLENDSHAPES: Final[tuple[str, ...]] = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
    "browOuterUpRight", "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft",
    "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft",
    "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen",
    "jawRight", "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthFunnel", "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight", "mouthRollLower",
    "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Movement:
    """One score in words."""

    name: str
    """MediaPipe's name."""
    plain: str
    """What moves, in plain English."""
    action_unit: str
    """The nearest action unit or descriptor of FACS, with its name; "" where there is none."""


@dataclass(frozen=True, slots=True)
class MovementGroup:
    """One movement, on both sides where it has sides."""

    plain: str
    members: tuple[int, ...]
    """Positions in `BLENDSHAPES`: one, or the person's left and right."""
    action_unit: str


_GROUPS: Final[tuple[tuple[str, str, str], ...]] = (
    ("browInnerUp", "Inner brows raised", "AU1 inner brow raiser"),
    ("browOuterUp*", "Outer brow raised", "AU2 outer brow raiser"),
    ("browDown*", "Brow lowered", "AU4 brow lowerer"),
    ("eyeWide*", "Eye opened wide", "AU5 upper lid raiser"),
    ("eyeSquint*", "Eye narrowed", "AU7 lid tightener"),
    ("eyeBlink*", "Eye closed", "AU43 eye closure, AU45 blink"),
    ("eyeLookUp*", "Eye turned up", "AU63 eyes up"),
    ("eyeLookDown*", "Eye turned down", "AU64 eyes down"),
    ("eyeLookOutLeft eyeLookInRight", "Eye turned to the left", "AU61 eyes turn left"),
    ("eyeLookInLeft eyeLookOutRight", "Eye turned to the right", "AU62 eyes turn right"),
    ("cheekSquint*", "Cheek raised", "AU6 cheek raiser"),
    ("cheekPuff", "Cheeks puffed out", "AD34 puff"),
    ("noseSneer*", "Nose wrinkled", "AU9 nose wrinkler"),
    ("jawOpen", "Jaw dropped", "AU26 jaw drop, AU27 mouth stretch"),
    ("jawForward", "Jaw pushed forward", "AD29 jaw thrust"),
    ("jawLeft", "Jaw moved to the left", "AD30 jaw sideways"),
    ("jawRight", "Jaw moved to the right", "AD30 jaw sideways"),
    ("mouthSmile*", "Mouth corner raised", "AU12 lip corner puller"),
    ("mouthFrown*", "Mouth corner lowered", "AU15 lip corner depressor"),
    ("mouthDimple*", "Mouth corner tucked in", "AU14 dimpler"),
    ("mouthStretch*", "Mouth corner stretched", "AU20 lip stretcher"),
    ("mouthUpperUp*", "Upper lip raised", "AU10 upper lip raiser"),
    ("mouthLowerDown*", "Lower lip lowered", "AU16 lower lip depressor"),
    ("mouthPress*", "Lips pressed together", "AU24 lip pressor"),
    ("mouthShrugLower", "Lower lip pushed up", "AU17 chin raiser"),
    ("mouthShrugUpper", "Upper lip pushed up", "AU17 chin raiser"),
    ("mouthPucker", "Lips puckered", "AU18 lip pucker"),
    ("mouthFunnel", "Lips funnelled", "AU22 lip funneler"),
    ("mouthRollLower", "Lower lip rolled in", "AU28 lip suck"),
    ("mouthRollUpper", "Upper lip rolled in", "AU28 lip suck"),
    ("mouthClose", "Lips closed over an open jaw", "AU8 lips toward each other"),
    ("mouthLeft", "Mouth moved to the left", ""),
    ("mouthRight", "Mouth moved to the right", ""),
)
"""From brow to chin; ``*`` stands for Left and Right."""


def _members(names: str) -> tuple[int, ...]:
    if names.endswith("*"):
        names = " ".join(names.removesuffix("*") + side for side in ("Left", "Right"))
    return tuple(BLENDSHAPES.index(name) for name in names.split())


def _movements() -> tuple[Movement, ...]:
    found = {0: Movement(BLENDSHAPES[0], "No movement (always about 0)", "")}
    for group in MOVEMENT_GROUPS:
        for side, member in zip(("left", "right"), group.members, strict=False):
            words = group.plain
            if len(group.members) > 1:
                words = _on_side(words, side)
            found[member] = Movement(BLENDSHAPES[member], words, group.action_unit)
    return tuple(found[i] for i in range(len(BLENDSHAPES)))


def _on_side(plain: str, side: str) -> str:
    """ "Left brow lowered", "Nose wrinkled on the left"."""
    if plain.startswith(("Lips", "Nose")):
        return f"{plain} on the {side}"
    return f"{side.capitalize()} {plain[0].lower()}{plain[1:]}"


MOVEMENT_GROUPS: Final[tuple[MovementGroup, ...]] = tuple(
    MovementGroup(plain, _members(names), unit) for names, plain, unit in _GROUPS
)
"""From brow to chin, all but `_neutral`."""
MOVEMENTS: Final[tuple[Movement, ...]] = _movements()
"""In the order of `BLENDSHAPES`."""
