"""The purification in plain words, for somebody who has not read the paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS, NUM_EXPRESSIONS
from ferdesk.pipeline.types import FaceReading

CLOSE_CALL: Final = 0.10
"""The two best are called close when they are nearer than this."""


@dataclass(frozen=True, slots=True)
class View:
    """One way of looking at the face, as a row of the panel."""

    title: str
    symbol: str
    """What the paper calls its distribution."""
    confidence_symbol: str
    tip: str


FIRST: Final = View(
    "First guess",
    "p",
    "c_p",
    "What the network answers at once: the primary distribution p. Its sureness is c_p, one minus "
    "the normalised entropy of p.",
)
NEAREST: Final = View(
    "Nearest examples",
    "t_g",
    "c_g",
    "How near the face lies to examples (anchors) learnt for each expression: the geometric "
    "correction t_g with its sureness c_g.",
)
PARTS: Final = View(
    "Parts of the face",
    "t_a",
    "c_a",
    "What the parts of the face say when they are weighed against each other: the attentive "
    "correction t_a with its sureness c_a.",
)
BOTH: Final = View(
    "Both corrections",
    "t",
    "c_t",
    "The two corrections together, the surer one counting more: the corrected distribution t with "
    "its sureness c_t.",
)
FINAL: Final = View(
    "Final",
    "L_final",
    "1 − H/ln 7",
    "First guess and both corrections together, the surer one counting more: L_final. This is what "
    "the other panels show, smoothed over time.",
)
VIEWS: Final = (FIRST, NEAREST, PARTS, BOTH, FINAL)


def sureness(distribution: NDArray[np.floating]) -> float:
    """One minus the normalised entropy: 0 when all seven are equal, 1 when one has everything."""
    q = np.clip(distribution.astype(np.float64), 1e-8, 1.0)
    return float(np.clip(1.0 + (q * np.log(q)).sum() / math.log(NUM_EXPRESSIONS), 0.0, 1.0))


def _name(index: int) -> str:
    return DISPLAY_NAMES[EXPRESSIONS[index]]


def explain(face: FaceReading) -> str:
    """One or two short sentences about who agreed with whom and why the answer is what it is."""
    purified = face.purified
    first, near, parts, both, final = (
        int(q.argmax())
        for q in (purified.p, purified.t_g, purified.t_a, purified.t, face.calibrated)
    )
    surer = float(purified.c_p) > float(purified.c_t)
    return _who_agrees(first, near, parts, both, final, surer) + _close_call(face.calibrated)


def _who_agrees(first: int, near: int, parts: int, both: int, final: int, surer: bool) -> str:
    if near == parts == first == final:
        return f"The two corrections agree with the first guess: {_name(first)}."
    if near == parts == first:
        return f"All views lean to {_name(first)}, but mixed together {_name(final)} comes first."
    if near == parts:
        against = f"Both corrections point to {_name(near)}"
    elif near == first:
        against = f"The parts of the face point to {_name(parts)}"
    elif parts == first:
        against = f"The nearest examples point to {_name(near)}"
    else:
        against = (
            f"The nearest examples point to {_name(near)}, the parts of the face to {_name(parts)}"
        )
    if final == first:
        if both == first:
            return f"{against}; everything else supports the first guess {_name(first)}."
        reason = "because it is more certain" if surer else "when everything was weighed"
        return f"{against}; the first guess {_name(first)} won {reason}."
    if final in (near, parts):
        doubt = "" if surer else ", which is less certain"
        return (
            f"{against}; {_name(final)} overruled the first guess {_name(first)}{doubt}."
            if near != parts
            else f"{against} and overruled the first guess {_name(first)}{doubt}."
        )
    return f"{against}; mixed with the first guess {_name(first)}, {_name(final)} comes first."


def _close_call(final: NDArray[np.float32]) -> str:
    best, second = (int(index) for index in np.argsort(final)[::-1][:2])
    if float(final[best] - final[second]) >= CLOSE_CALL:
        return ""
    return f" A close call between {_name(best)} and {_name(second)}."
