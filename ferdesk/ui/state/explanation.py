"""How the answer was reached, in plain words for somebody who has not read the paper."""

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
_BOTH: Final = "Nearest examples and attention check"


@dataclass(frozen=True, slots=True)
class View:
    """One of the answers on the way to the final one, as a row of the panel."""

    title: str
    short: str
    """At the end of a curve."""
    tip: str


FIRST: Final = View(
    "First guess",
    "First guess",
    "What the network answers at once (the primary distribution p). How decided it is: c_p, one "
    "minus the normalised entropy of p.",
)
NEAREST: Final = View(
    "Nearest examples",
    "Nearest",
    "How near the face lies to learnt examples of each expression (the anchors; geometric "
    "correction t_g). How decided it is: c_g.",
)
ATTENTION: Final = View(
    "Attention check",
    "Attention",
    "What the parts of the network's description of the face say when they are weighed against "
    "each other (attentive correction t_a). How decided it is: c_a.",
)
COMBINED: Final = View(
    "Combined check",
    "Combined",
    "Nearest examples and attention check together, in some checkpoints the shape of the face too; "
    "the more decided one counts more (corrected distribution t). How decided it is: c_t.",
)
SHAPE: Final = View(
    "Shape of the face",
    "Shape",
    "What the landmarks alone say, without the picture (the second witness p_lm). How decided it "
    "is: c_lm. Only some checkpoints have it.",
)
FINAL: Final = View(
    "Final",
    "Final",
    "First guess and combined check together, the more decided one counting more (L_final), "
    "calibrated and smoothed over time. This is what the whole window shows.",
)
VIEWS: Final = (FIRST, NEAREST, ATTENTION, COMBINED, FINAL)
"""Of every checkpoint; one with a witness has `SHAPE` before `COMBINED`."""
_SILENT: Final = 1e-4
"""A witness less decided than this says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one view says about a face."""

    view: View
    distribution: NDArray[np.float32]
    """(7,) sums to 1."""
    decided: float
    """0: all seven equally likely; 1: only one is left."""

    @property
    def winner(self) -> int:
        """Index of the likeliest expression."""
        return int(self.distribution.argmax())


def answers(face: FaceReading) -> tuple[Answer, ...]:
    """What every view says, in the order of `VIEWS`; the last one is what the window shows."""
    a = face.purified
    shape = (Answer(SHAPE, a.p_lm, float(a.c_lm)),) if float(a.c_lm) > _SILENT else ()
    return (
        Answer(FIRST, a.p, float(a.c_p)),
        Answer(NEAREST, a.t_g, float(a.c_g)),
        Answer(ATTENTION, a.t_a, float(a.c_a)),
        *shape,
        Answer(COMBINED, a.t, float(a.c_t)),
        Answer(FINAL, face.probabilities, decidedness(face.probabilities)),
    )


def decidedness(distribution: NDArray[np.floating]) -> float:
    """One minus the normalised entropy: 0 when all seven are equal, 1 when one has everything."""
    q = np.clip(distribution.astype(np.float64), 1e-8, 1.0)
    return float(np.clip(1.0 + (q * np.log(q)).sum() / math.log(NUM_EXPRESSIONS), 0.0, 1.0))


def _name(index: int) -> str:
    return DISPLAY_NAMES[EXPRESSIONS[index]]


def explain(face: FaceReading, threshold: float = 0.0) -> str:
    """One or two short sentences about who agreed with whom and why the answer is what it is.

    Below the `threshold` no expression is said to have won.
    """
    purified, final = face.purified, face.probabilities
    text = _who_agrees(
        *(int(q.argmax()) for q in (purified.p, purified.t_g, purified.t_a, purified.t, final)),
        more_decided=float(purified.c_p) > float(purified.c_t),
    )
    if float(purified.c_lm) > _SILENT:
        text += f" The shape of the face alone says {_name(int(purified.p_lm.argmax()))}."
    if face.abstains(threshold):
        return f"{text} Not reliable enough to label."
    return text + _close_call(final)


def _who_agrees(
    first: int, near: int, attention: int, combined: int, final: int, *, more_decided: bool
) -> str:
    if near == attention == first == final:
        return f"{_BOTH} agree with the first guess: {_name(first)}."
    if near == attention == first:
        return (
            f"Every answer to this frame is {_name(first)}; calibrated and smoothed over time, "
            f"{_name(final)} leads."
        )
    if near == attention:
        against = f"{_BOTH} point to {_name(near)}"
    elif near == first:
        against = f"The attention check points to {_name(attention)}"
    elif attention == first:
        against = f"The nearest examples point to {_name(near)}"
    else:
        against = (
            f"The nearest examples point to {_name(near)}, the attention check to "
            f"{_name(attention)}"
        )
    if final == first:
        if combined == first:
            return f"{against}; everything else supports the first guess {_name(first)}."
        if more_decided:
            return f"{against}; the first guess {_name(first)} leads because it is more decided."
        return f"{against}; the first guess {_name(first)} still leads when all are combined."
    if final in (near, attention):
        doubt = "" if more_decided else ", which is less decided"
        return f"{against}; {_name(final)} outweighs the first guess {_name(first)}{doubt}."
    return f"{against}; combined with the first guess {_name(first)}, {_name(final)} leads."


def _close_call(final: NDArray[np.float32]) -> str:
    best, second = (int(index) for index in np.argsort(final)[::-1][:2])
    if float(final[best] - final[second]) >= CLOSE_CALL:
        return ""
    return f" It is close between {_name(best)} and {_name(second)}."
