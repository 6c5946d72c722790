"""True probabilities: a temperature and class offsets over the final distribution; 90 % sets.

numpy only, so that a card can be read without torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import NUM_EXPRESSIONS

SET_COVERAGE = 0.9
"""Share of faces whose expression lies in the prediction set."""
LARGEST = 1e6
"""No number of a card is larger, whatever its sign."""
_FLOOR = 1e-8
_OFFSETS = 50.0
_TEMPERATURES = (0.05, 20.0)
_NO_OFFSETS = (0.0,) * NUM_EXPRESSIONS
_TAUS = tuple(i / 20 for i in range(15))
"""Strengths of the correction for rare expressions that are tried, 0 to 0.7."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns the network's `final` into probabilities that can be taken at their word."""

    temperature: float
    """> 1 flattens, < 1 sharpens."""
    set_threshold: float
    """Calibrated probability from which an expression belongs to the prediction set."""
    offsets: tuple[float, ...] = _NO_OFFSETS
    """b_i added to the logarithms: > 0 for expressions that were rare in training, so that they are
    not given up for the frequent ones (logit adjustment, Menon et al. 2021)."""

    def apply(self, final: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """(..., 7) distributions → q_i ∝ final_i^(1/T) exp(b_i), float32."""
        return temper(final, self.temperature, self.offsets)

    def prediction_set(self, probabilities: NDArray[np.floating[Any]]) -> tuple[int, ...]:
        """The expressions that (7,) calibrated probabilities leave possible, likeliest first.

        Holds the right one for 90 % of faces like those it was fitted on. Never empty.
        """
        order = np.argsort(-probabilities, kind="stable")
        inside = [int(i) for i in order if probabilities[i] >= self.set_threshold]
        return tuple(inside) or (int(order[0]),)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values."""
        return {
            "temperature": self.temperature,
            "set_threshold": self.set_threshold,
            "offsets": list(self.offsets),
        }

    @classmethod
    def from_json(cls, values: Any) -> Calibration:
        """The inverse of :meth:`to_json`. Raises FerdeskError for anything else."""
        temperature = number(values, "temperature", "its calibration")
        threshold = number(values, "set_threshold", "its calibration")
        low, high = _TEMPERATURES
        if not (low <= temperature <= high and 0 <= threshold <= 1):
            raise FerdeskError(
                f"its calibration is out of range (temperature {temperature:g}, "
                f"set_threshold {threshold:g})."
            )
        offsets = values.get("offsets", list(_NO_OFFSETS))
        if not isinstance(offsets, list) or len(offsets) != NUM_EXPRESSIONS:
            raise FerdeskError(f"its calibration needs {NUM_EXPRESSIONS} class offsets.")
        named = {str(i): value for i, value in enumerate(offsets)}
        checked = tuple(
            number(named, str(i), "its calibration", -_OFFSETS, _OFFSETS)
            for i in range(NUM_EXPRESSIONS)
        )
        return cls(temperature, threshold, checked)


def number(
    values: Any, key: str, where: str, low: float = -LARGEST, high: float = LARGEST
) -> float:
    """A number from `low` to `high` out of a JSON object. Raises FerdeskError naming `where`."""
    value = values.get(key) if isinstance(values, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise FerdeskError(f"{where} has no number '{key}'.")
    if not low <= value <= high:
        raise FerdeskError(f"{where} has a '{key}' that is out of range.")
    return float(value)


def temper(
    final: NDArray[np.floating[Any]], temperature: float, offsets: tuple[float, ...] = _NO_OFFSETS
) -> NDArray[np.float32]:
    """q_i ∝ final_i^(1/T) exp(b_i) over the last axis."""
    if temperature == 1.0 and not any(offsets):
        return np.asarray(final, np.float32)
    logs = np.log(np.maximum(np.asarray(final, np.float64), _FLOOR)) / temperature
    logs += np.asarray(offsets)
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def fit(
    final: NDArray[np.floating[Any]], labels: NDArray[np.int64], prior: NDArray[np.float64]
) -> Calibration:
    """From (N, 7) and (N,) held-out faces, and the (7,) class shares of the training part.

    For each strength τ of the correction, q_i ∝ (final_i / prior_i^τ)^(1/T) with the temperature of
    least log loss. The τ of the best held-out accuracy is taken, the largest of equals, because the
    mean over the classes grows with τ. Then the threshold of the 90 % sets. N must
    be at least 10: fewer faces cannot tell where 90 % lies.
    """
    if len(labels) < 10:
        raise ValueError(f"{len(labels)} faces are too few to calibrate with")
    rows = np.arange(len(labels))
    log_prior = np.log(np.maximum(prior, 1e-4))
    tried: list[tuple[float, Calibration]] = []
    for tau in _TAUS:

        def with_temperature(log_t: float, tau: float = tau) -> Calibration:
            t = math.exp(log_t)
            return Calibration(t, 0.0, tuple(float(v) for v in -tau / t * log_prior))

        def loss(log_t: float, make: Any = with_temperature) -> float:
            own = make(log_t).apply(final).astype(np.float64)[rows, labels]
            return float(-np.log(np.maximum(own, _FLOOR)).mean())

        low, high = (math.log(t) for t in _TEMPERATURES)
        made = with_temperature(_minimum(loss, low, high))
        tried.append((float((made.apply(final).argmax(axis=1) == labels).mean()), made))
    best = max(accuracy for accuracy, _ in tried)
    chosen = next(made for accuracy, made in reversed(tried) if accuracy == best)
    own = chosen.apply(final)[rows, labels].astype(np.float64)
    return replace(chosen, set_threshold=conformal_threshold(own))


def conformal_threshold(own: NDArray[np.float64], coverage: float = SET_COVERAGE) -> float:
    """Split conformal: the ⌊(1 - coverage)(n + 1)⌋-th smallest probability of a right label.

    Sets of all labels at least that probable hold the right one with probability `coverage` or more
    for exchangeable faces. 0 (every label) where n is too small to promise it.
    """
    rank = math.floor((1 - coverage) * (len(own) + 1) + 1e-9)
    return float(np.sort(own)[rank - 1]) if rank >= 1 else 0.0


def _minimum(function: Any, low: float, high: float) -> float:
    """Golden-section search for the minimum of a function with one valley."""
    ratio = (math.sqrt(5) - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = function(a), function(b)
    for _ in range(60):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = function(b)
    return (low + high) / 2
