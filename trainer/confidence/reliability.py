"""Fitting the reliability model: a logistic regression whose features have to earn their place.

numpy only. Rows are faces, clean and degraded; every copy of one picture is in the same fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.reliability import (
    ANSWER_FEATURES,
    FEATURES,
    NAMED_FEATURES,
    NOVELTY,
    Features,
    ReliabilityModel,
    Term,
    Usual,
)

Array = NDArray[np.float64]

FOLDS = 5
MOST_TERMS = 12
LEAST_GAIN = 5e-4
"""Cross-validated log loss that one more feature has to save."""
LEAST_EVENED = 1e-3
"""What one more feature has to take from `unevenness` otherwise, at no cost in log loss."""
FINE_SIZE = 20.0
"""Pixels between the outer eye corners that the 48 px training pictures have; more is no better."""
FINE_GRAIN = -1.5
"""Crops of ordinary cameras are sharper than 48 px pictures and measure -2.2 to -1.7 for it."""
_CLEAN = 2 / 3
"""Weight of the faces as they are. With a half, cross-validation tells right from wrong less well
among them, and no better under faults."""
_RIDGE = 1.0
_BAD_WHEN_HIGH = ("grain", "yaw", "pitch", "roll", "apart")
_OFFERED = tuple(name for name in FEATURES if name != NOVELTY)
"""Novelty is no matter of being right more or less often; `with_term` adds it afterwards."""
_UNUSUAL = 0.02
"""Share of clean faces at each end of a feature that counts as unusual."""


@dataclass(frozen=True, eq=False)
class Faces:
    """What a reliability model is fitted on."""

    features: Features
    correct: NDArray[np.bool_]
    """(N,)"""
    picture: NDArray[np.int64]
    """(N,) which picture a row comes from."""
    fault: NDArray[np.int64]
    """(N,) number of the fault put on a row, 0 for pictures as they are."""

    @property
    def clean(self) -> NDArray[np.bool_]:
        """(N,) False for degraded copies."""
        return self.fault == 0

    def weights(self) -> Array:
        """(N,) of clean and degraded rows, together `_CLEAN` and the rest; the mean is 1."""
        weights = np.ones(len(self.correct))
        for part, share in ((self.clean, _CLEAN), (~self.clean, 1 - _CLEAN)):
            if part.any() and not part.all():
                weights[part] = share * len(weights) / part.sum()
        return weights

    def folds(self, seed: int = 0) -> NDArray[np.int64]:
        """(N,) 0..FOLDS-1, the same for all copies of a picture."""
        pictures, place = np.unique(self.picture, return_inverse=True)
        order = np.random.default_rng(seed).permutation(len(pictures))
        return np.asarray(order[place] % FOLDS, np.int64)


def ranges(faces: Faces) -> dict[str, tuple[float, float]]:
    """Where each feature saturates.

    A quality that an ordinary webcam exceeds ends where the better three quarters of the clean
    training faces begin, so that "fine" is fine; the bad end is the first percentile of all rows.
    """
    out: dict[str, tuple[float, float]] = {}
    for name in _OFFERED:
        values = faces.features[name]
        clean = values[faces.clean]
        if name in NAMED_FEATURES:
            low, high = 0.0, 1.0
        elif name in ANSWER_FEATURES:
            low, high = np.percentile(values, (0.5, 99.5))
        elif name in _BAD_WHEN_HIGH:
            low, high = np.percentile(clean, 50), np.percentile(values, 99)
            low = FINE_GRAIN if name == "grain" else low
        else:
            low, high = np.percentile(values, 1), np.percentile(clean, 25)
            high = min(high, FINE_SIZE) if name == "size" else high
        out[name] = (float(min(low, high)), float(high))
    return out


def logistic(
    columns: Array, correct: NDArray[np.bool_], weights: Array, strength: float = _RIDGE
) -> Array:
    """(1 + K,) intercept and weights of least log loss with a small ridge, by Newton's method."""
    mean = np.average(columns, axis=0, weights=weights)
    spread = columns.std(axis=0) + 1e-9
    rows = np.column_stack((np.ones(len(columns)), (columns - mean) / spread))
    ridge = np.eye(rows.shape[1]) * strength
    ridge[0, 0] = 1e-6
    solution = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(rows @ solution, -30, 30)))
        slope = rows.T @ (weights * (correct - chance)) - ridge @ solution
        curve = (rows.T * (weights * chance * (1 - chance))) @ rows + ridge
        step = np.linalg.solve(curve, slope)
        solution += step
        if np.abs(step).max() < 1e-9:
            break
    plain = solution[1:] / spread
    return np.concatenate(([solution[0] - plain @ mean], plain))


def fit(faces: Faces, names: list[str], rows: NDArray[Any] | slice = slice(None)) -> tuple[
    ReliabilityModel, bool
]:  # fmt: skip
    """(model over these features, whether every weight has the sign it should have)."""
    bounds = ranges(faces)
    columns = np.column_stack([np.clip(faces.features[n][rows], *bounds[n]) for n in names])
    solution = logistic(columns, faces.correct[rows], faces.weights()[rows])
    terms = tuple(
        Term(name, float(weight), *bounds[name])
        for name, weight in zip(names, solution[1:], strict=True)
    )
    # Penalties count from the better end of each range, so the intercept moves there too.
    best = sum(t.weight * (t.high if t.weight > 0 else t.low) for t in terms)
    # An expression may be right more often than others or less: either sign is sensible.
    sensible = all(
        t.feature in NAMED_FEATURES or (t.weight < 0) == (t.feature in _BAD_WHEN_HIGH)
        for t in terms
    )
    return ReliabilityModel(float(solution[0] + best), terms), sensible


def cross_validated(faces: Faces, names: list[str]) -> Array:
    """(N,) chances, each from a model that never saw any copy of that picture."""
    folds = faces.folds()
    out = np.full(len(faces.correct), 0.5)
    for fold in range(FOLDS):
        inside = folds == fold
        if inside.any() and not inside.all():
            model, _ = fit(faces, names, ~inside)
            part = {name: values[inside] for name, values in faces.features.items()}
            out[inside] = model.predict(part)
    return out


def log_loss(chance: Array, faces: Faces) -> float:
    """Weighted mean of -ln of the chance given to what happened."""
    given = np.where(faces.correct, chance, 1 - chance)
    return float(np.average(-np.log(np.maximum(given, 1e-12)), weights=faces.weights()))


def unevenness(chance: Array, faces: Faces) -> float:
    """Mean over the faults, and over pictures as they are, of |mean chance - share right|."""
    gaps = [
        abs(chance[faces.fault == fault].mean() - faces.correct[faces.fault == fault].mean())
        for fault in np.unique(faces.fault)
    ]
    return float(np.mean(gaps))


@dataclass(frozen=True, eq=False)
class Fitted:
    """A reliability model and how it came about."""

    model: ReliabilityModel
    chances: Array
    """(N,) cross-validated."""
    losses: tuple[tuple[str, float], ...]
    """(feature, cross-validated log loss once it joined), in the order they joined."""
    left_out: tuple[str, ...]


def select(faces: Faces) -> Fitted:
    """Forward selection from the winner's log odds, until no feature helps in cross-validation.

    First what tells right from wrong (log loss); then what keeps the chance true under each fault
    (`unevenness`), as long as that costs no log loss. A feature whose weight would have the wrong
    sign (a blurred face more reliable than a sharp one) is left out, however much it gains.
    """
    names = ["winner"]
    chances = cross_validated(faces, names)
    losses = [("winner", log_loss(chances, faces))]
    while len(names) < MOST_TERMS:
        loss, uneven = losses[-1][1], unevenness(chances, faces)
        tries = [
            (log_loss(told, faces), unevenness(told, faces), name, told)
            for name, told in _one_more(faces, names)
        ]
        better = [t for t in tries if t[0] <= loss - LEAST_GAIN]
        evener = [t for t in tries if t[0] <= loss and t[1] <= uneven - LEAST_EVENED]
        if better:
            loss, _, name, chances = min(better, key=lambda t: t[0])
        elif evener:
            loss, _, name, chances = min(evener, key=lambda t: t[1])
        else:
            break
        names.append(name)
        losses.append((name, loss))
    model, _ = fit(faces, names)
    return Fitted(
        ReliabilityModel(model.intercept, model.terms, usual_ranges(faces)),
        chances,
        tuple(losses),
        tuple(name for name in _OFFERED if name not in names),
    )


def _one_more(faces: Faces, names: list[str]) -> list[tuple[str, Array]]:
    """(feature, cross-validated chances with it) of each that could join with a sensible sign."""
    out = []
    for name in _OFFERED:
        if name not in names and np.ptp(faces.features[name]) > 0:
            more = [*names, name]
            if fit(faces, more)[1]:
                out.append((name, cross_validated(faces, more)))
    return out


def usual_ranges(faces: Faces) -> tuple[Usual, ...]:
    """The ranges of nearly all clean faces, for the words of `ReliabilityModel.reason`."""
    out = []
    for name in FEATURES:
        if name in ANSWER_FEATURES or name in NAMED_FEATURES:
            continue
        clean = faces.features[name][faces.clean]
        if name == NOVELTY and not np.ptp(clean) > 0:
            continue
        low, high = np.percentile(clean, (100 * _UNUSUAL, 100 - 100 * _UNUSUAL))
        if name == "size":
            low = min(low, FINE_SIZE)
        if name == "grain":
            high = max(high, FINE_GRAIN)
        out.append(Usual(name, float(low), float(high)))
    return tuple(out)
