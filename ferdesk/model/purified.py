"""What the network says about a batch of faces: every distribution and every confidence.

Needs no torch to import: the fields are torch tensors inside the network and numpy arrays once
they left the predictor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

ArrayT = TypeVar("ArrayT")
OtherT = TypeVar("OtherT")


@dataclass(frozen=True, slots=True, eq=False)
class Purified(Generic[ArrayT]):
    """The output of APCL (docs/method.md), for B faces or, after indexing, for one.

    Distributions sum to 1 over the last axis and follow ``labels.EXPRESSIONS``; confidences are
    one minus the normalised entropy of their distribution, in [0, 1].
    """

    logits: ArrayT
    """(B, 7) primary logits, before the softmax."""
    p: ArrayT
    """(B, 7) primary distribution: softmax of the logits."""
    t_g: ArrayT
    """(B, 7) geometric correction: similarity to the anchors of each class."""
    t_a: ArrayT
    """(B, 7) attentive correction: self-attention over the parts of the embedding."""
    t: ArrayT
    """(B, 7) corrected distribution: t_g and t_a weighted by c_g and c_a, and where the
    architecture says so p_lm by c_lm."""
    final: ArrayT
    """(B, 7) L_final: p and t weighted by c_p and c_t, before any calibration."""
    p_lm: ArrayT
    """(B, 7) the second witness: what the landmarks alone say. Uniform, so that it says nothing,
    for a face without landmarks and a network without a witness."""
    c_p: ArrayT
    """(B,) confidence of p."""
    c_g: ArrayT
    """(B,) confidence of t_g."""
    c_a: ArrayT
    """(B,) confidence of t_a."""
    c_t: ArrayT
    """(B,) confidence of t."""
    c_lm: ArrayT
    """(B,) confidence of p_lm."""
    novelty: ArrayT
    """(B,) log odds that the picture is none of the training kind: drawn, inverted, bent, masked.
    0 from a network that does not measure it."""
    embedding: ArrayT
    """(B, 128) the embedding e in which anchors live."""

    def map(self, fn: Callable[[ArrayT], OtherT]) -> Purified[OtherT]:
        """Apply `fn` to every field."""
        values: dict[str, Any] = {f.name: fn(getattr(self, f.name)) for f in fields(self)}
        return Purified(**values)

    def __getitem__(self, index: Any) -> Purified[Any]:
        """One face (int) or some faces (slice, mask) of the batch."""
        return self.map(lambda array: array[index])  # type: ignore[index]


DISTRIBUTIONS: Final = ("p", "t_g", "t_a", "t", "final", "p_lm")
_CONFIDENCES: Final = {"c_p": "p", "c_g": "t_g", "c_a": "t_a", "c_t": "t", "c_lm": "p_lm"}
_TINY: Final = 1e-8
FIELDS: Final = tuple(field.name for field in fields(Purified))
"""The names in the order of the constructor."""


def concatenate(parts: Sequence[Purified[NDArray[np.float32]]]) -> Purified[NDArray[np.float32]]:
    """The faces of all parts, one part after the other; at least one part."""
    return Purified(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS))


def averaged(
    one: Purified[NDArray[np.float32]], other: Purified[NDArray[np.float32]]
) -> Purified[NDArray[np.float32]]:
    """The mean of two answers about the same B faces, with its own confidences.

    The logits are log p; the embedding, of which there is no mean, is that of `one`.
    """
    values = {"novelty": (one.novelty + other.novelty) / 2}
    for name in DISTRIBUTIONS:
        both = getattr(one, name) + getattr(other, name)
        # In half precision they do not sum to 1 exactly, and a silent witness would speak.
        values[name] = both / both.sum(axis=1, keepdims=True)
    logs = {name: np.log(np.maximum(values[name], _TINY)) for name in DISTRIBUTIONS}
    for name, own in _CONFIDENCES.items():
        entropy = -(values[own] * logs[own]).sum(axis=1)
        values[name] = np.clip(1 - entropy / np.float32(np.log(values[own].shape[1])), 0, 1)
    return Purified(logits=logs["p"], embedding=one.embedding, **values)
