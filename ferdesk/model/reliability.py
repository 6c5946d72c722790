"""The chance that the label shown is right, why it is low, and what abstaining buys.

A logistic regression of a few terms over what the network says and how well the face can be seen
(docs/method.md). numpy only, so that a card can be read without torch.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.calibration import number
from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.model.purified import Purified
from ferdesk.model.tensor_file import quoted

Array = NDArray[np.float64]
Features = Mapping[str, Array]

ENOUGH: Final = 0.75
"""From this chance on a label needs no excuse: `reason` says nothing."""
_TIE: Final = 0.6
"""Two expressions count as equally likely when the second has this share of the first."""
_LEADS: Final = 0.5
"""An expression with this share stands out, whatever its chance to be right."""
_TINY: Final = 1e-6
_SILENT: Final = 1e-4
"""A witness of no more confidence than this has said nothing."""
_AGAINST: Final = 0.5
"""A witness that gives its own winner this much and not the label contradicts it."""
_MOST_ROWS: Final = 1000
_LUMA: Final = np.array((0.299, 0.587, 0.114), np.float32)

ANSWER_FEATURES: Final = (
    "winner", "margin", "c_p", "c_g", "c_a", "c_t", "agree_p", "agree_g", "agree_a",
    "witness", "apart", "c_lm",
)  # fmt: skip
NAMED_FEATURES: Final = tuple(
    f"{place}_{name}" for place in ("label", "second") for name in EXPRESSIONS
)
"""1 where the likeliest expression, or the second, is this one: some are confused more often."""
NOVELTY: Final = "novelty"
"""How unlike the training faces the picture is; its term is fitted apart from the others."""
PICTURE_FEATURES: Final = ("sharpness", "grain", "brightness", "contrast", "eyes", "mouth")
_PARTS: Final = {"eyes": (0.27, 0.47), "mouth": (0.62, 0.86)}
"""Rows of the crop where a part of the face lies, as shares of its height."""
_ACROSS: Final = (0.15, 0.85)
VIEW_FEATURES: Final = ("yaw", "pitch", "roll", "size")
FEATURES: Final = (*ANSWER_FEATURES, *NAMED_FEATURES, *PICTURE_FEATURES, *VIEW_FEATURES, NOVELTY)


def answer_features(probabilities: NDArray[Any], purified: Purified[NDArray[Any]]) -> Features:
    """What the answers say, for N faces.

    `probabilities` (N, 7) are those the label is taken from: calibrated, smoothed where the label
    is. `winner` is the log odds of the likeliest, `margin` its lead over the second, `agree_*` 1
    where that distribution has the same winner, `label_*` and `second_*` 1 where the likeliest and
    the second are that expression. `witness` is the logarithm of what p_lm gives the
    label, `apart` the total variation between the two, 0 where the witness says nothing. `novelty`
    is the network's own.
    """
    rows = np.arange(len(probabilities))
    ranks = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    label = ranks[:, 0]
    first, second = np.asarray(probabilities, np.float64)[rows[:, None], ranks].T
    features: dict[str, Array] = {
        "winner": np.log(np.maximum(first, _TINY) / np.maximum(1.0 - first, _TINY)),
        "margin": first - second,
    }
    for name in ("c_p", "c_g", "c_a", "c_t", "c_lm", NOVELTY):
        features[name] = np.asarray(getattr(purified, name), np.float64)
    for name, field in (("agree_p", "p"), ("agree_g", "t_g"), ("agree_a", "t_a")):
        features[name] = (getattr(purified, field).argmax(axis=1) == label).astype(np.float64)
    named = np.eye(len(EXPRESSIONS))[ranks].reshape(len(rows), len(NAMED_FEATURES))
    features.update(zip(NAMED_FEATURES, named.T, strict=True))
    told = np.asarray(purified.p_lm, np.float64)
    speaks = np.asarray(purified.c_lm, np.float64) > _SILENT
    given = told[rows, label]
    features["witness"] = np.log(np.maximum(given, _TINY))
    features["apart"] = speaks * np.abs(told - probabilities).sum(axis=1) / 2
    return features


def picture_features(crops: NDArray[np.uint8], detail: int) -> Features:
    """How the network sees (N, S, S, 3) uint8 RGB crops: grey, with `detail` pixels across if > 0.

    `sharpness` and `grain` are logarithms relative to the contrast: of the standard deviation of
    the Laplacian, and of the noise that is left when edges are ignored (Immerkær's operator,
    median). `contrast` is the logarithm of the standard deviation, `brightness` the mean in 0..1.
    `eyes` and `mouth` are the logarithm of the standard deviation there over that of the whole:
    what covers a part of the face is mostly smoother.
    """
    grey = _grey(crops, crops.shape[1] // detail if detail else 1)
    middle = grey[:, 1:-1, 1:-1]
    up, down = grey[:, :-2, 1:-1], grey[:, 2:, 1:-1]
    left, right = grey[:, 1:-1, :-2], grey[:, 1:-1, 2:]
    corners = grey[:, :-2, :-2] + grey[:, :-2, 2:] + grey[:, 2:, :-2] + grey[:, 2:, 2:]
    sides = up + down + left + right
    edges = (4 * middle - sides).std(axis=(1, 2))
    noise = np.median(np.abs(corners - 2 * sides + 4 * middle), axis=(1, 2))
    contrast = np.maximum(grey.std(axis=(1, 2)), 0.5)
    parts = {}
    for name, rows in _PARTS.items():
        top, bottom = (round(share * grey.shape[1]) for share in rows)
        left_edge, right_edge = (round(share * grey.shape[2]) for share in _ACROSS)
        spread = grey[:, top:bottom, left_edge:right_edge].std(axis=(1, 2))
        parts[name] = np.log(spread / contrast + 1e-2).astype(np.float64)
    return {
        **parts,
        "sharpness": np.log(edges / contrast + 1e-3).astype(np.float64),
        "grain": np.log(noise / contrast + 1e-2).astype(np.float64),
        "brightness": (grey.mean(axis=(1, 2)) / 255).astype(np.float64),
        "contrast": np.log(contrast / 255).astype(np.float64),
    }


def _grey(crops: NDArray[np.uint8], block: int) -> NDArray[np.float32]:
    """(N, S, S, 3) RGB → (N, S // block, S // block): luma, averaged over whole blocks."""
    count, side = len(crops), crops.shape[1] // block
    edge = side * block
    # Rows are summed as whole numbers, columns weighed with their colours: several times as fast as
    # the plain mean.
    rows = crops[:, :edge, :edge].reshape(count, side, block, edge * 3).sum(axis=2, dtype=np.uint16)
    weights = np.tile(_LUMA, block) / block**2
    return rows.reshape(count, side, side, block * 3).astype(np.float32) @ weights


def view_features(yaw: Any, pitch: Any, roll: Any, size: Any) -> Features:
    """Pose in degrees, without its sign, and `FaceQuality.size` in pixels; each (N,)."""
    angles = {"yaw": yaw, "pitch": pitch, "roll": roll}
    features = {name: np.abs(np.asarray(v, np.float64)) for name, v in angles.items()}
    return {**features, "size": np.asarray(size, np.float64)}


@dataclass(frozen=True, slots=True)
class Term:
    """One feature's part in the log odds: nothing at the better end of its range, less elsewhere.

    Values beyond the range count as its end, so a face better than those it was fitted on is
    merely as good as the best of them.
    """

    feature: str
    weight: float
    low: float
    high: float

    def penalty(self, values: Array) -> Array:
        """<= 0."""
        best = self.high if self.weight > 0 else self.low
        return np.asarray(self.weight * (np.clip(values, self.low, self.high) - best))


@dataclass(frozen=True, slots=True)
class Usual:
    """Where nearly all faces lie on which the model was checked; beyond it a face is unusual."""

    feature: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReliabilityModel:
    """reliability = 1 / (1 + exp(-(intercept + Σ penalties)))."""

    intercept: float
    """Log odds of a face at the better end of every term."""
    terms: tuple[Term, ...]
    usual: tuple[Usual, ...] = ()
    """Used for words only, never for the figure."""

    def predict(self, features: Features) -> Array:
        """(N,) chances in (0, 1) that the labels are right. Needs the features of all terms."""
        odds = self.intercept + sum(
            (term.penalty(features[term.feature]) for term in self.terms), np.float64(0.0)
        )
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))))

    def reason(
        self,
        features: Mapping[str, float],
        probabilities: NDArray[Any],
        reliability: float,
        witness: NDArray[Any] | None = None,
    ) -> str:
        """Why one face's reliability is low, in a few words; "" when it is not.

        What is unusual about the picture comes first, because a person can change it. `features`
        are numbers of that face, `probabilities` its (7,) as shown, `witness` its p_lm.
        """
        if reliability >= ENOUGH:
            return ""
        ranges = {usual.feature: usual for usual in self.usual}
        for name, below, above in _PICTURE_WORDS:
            value, usual = features.get(name), ranges.get(name)
            if value is None or usual is None:
                continue
            words = below if value < usual.low else above if value > usual.high else ""
            if words:
                return words.format(value)
        order = np.argsort(-probabilities, kind="stable")
        if witness is not None:
            other = int(witness.argmax())
            if other != order[0] and witness[other] >= _AGAINST:
                shape, whole = (DISPLAY_NAMES[EXPRESSIONS[int(i)]] for i in (other, order[0]))
                return f"the shape of the face alone says {shape}, the picture {whole}"
        if probabilities[order[1]] >= _TIE * probabilities[order[0]]:
            names = [DISPLAY_NAMES[EXPRESSIONS[int(i)]] for i in order[:2]]
            return f"two expressions equally likely: {names[0]} and {names[1]}"
        if not features.get("agree_p", 1.0):
            return "the first guess was another expression"
        if probabilities[order[0]] >= _LEADS:
            return "such faces are often mislabelled"
        return "no expression stands out"

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values."""
        return {
            "intercept": self.intercept,
            "terms": [asdict(term) for term in self.terms],
            "usual": [asdict(usual) for usual in self.usual],
        }

    @classmethod
    def from_json(cls, values: Any) -> ReliabilityModel:
        """The inverse of :meth:`to_json`. Raises FerdeskError for anything else."""
        where = "its reliability model"
        intercept = number(values, "intercept", where)
        terms = tuple(
            Term(_feature(v, where), number(v, "weight", where), *_range(v, where))
            for v in _objects(values, "terms", where)
        )
        usual = tuple(
            Usual(_feature(v, where), *_range(v, where)) for v in _objects(values, "usual", where)
        )
        return cls(intercept, terms, usual)


_PICTURE_WORDS: Final = (
    ("size", "too small", ""),
    ("yaw", "", "face turned {:.0f}°"),
    ("pitch", "", "face {:.0f}° up or down"),
    ("eyes", "eyes covered or hard to see", ""),
    ("mouth", "mouth covered or hard to see", ""),
    (NOVELTY, "", "unusual picture"),
    ("brightness", "too dark", "too bright"),
    ("sharpness", "blurred", ""),
    ("grain", "", "grainy picture"),
    ("contrast", "too little contrast", ""),
)
"""Feature, words below its usual range, words above it."""


_ROUNDING = 0.005
"""The rows of a finite set lie beside the round shares they stand for."""


@dataclass(frozen=True, slots=True)
class RiskRow:
    """What answering only from some reliability on means."""

    threshold: float
    coverage: float
    """Share of faces answered."""
    error: float
    """Share of wrong labels among those, as measured."""
    at_most: float | None = None
    """What that share does not exceed: 95 % sure of all rows together. None in earlier cards."""


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The table behind the slider; coverage falls row by row, and so does what is promised."""

    rows: tuple[RiskRow, ...]

    def for_coverage(self, coverage: float) -> RiskRow:
        """The strictest row that still answers `coverage`, to the per cent; else the first."""
        enough = coverage - _ROUNDING
        return next((r for r in reversed(self.rows) if r.coverage >= enough), self.rows[0])

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values."""
        return {"rows": [asdict(row) for row in self.rows]}

    @classmethod
    def from_json(cls, values: Any) -> RiskCoverage:
        """The inverse of :meth:`to_json`. Raises FerdeskError for anything else."""
        where = "its risk-coverage table"
        rows = tuple(
            RiskRow(
                number(v, "threshold", where),
                number(v, "coverage", where),
                number(v, "error", where),
                None if v.get("at_most") is None else number(v, "at_most", where),
            )
            for v in _objects(values, "rows", where)
        )
        falling = all(a.coverage >= b.coverage for a, b in itertools.pairwise(rows))
        shares = [(r.threshold, r.coverage, r.error, r.at_most or 0.0) for r in rows]
        sound = all(0 <= v <= 1 for row in shares for v in row)
        if not rows or not falling or not sound:
            raise FerdeskError(f"{where} is empty, out of order or out of range.")
        return cls(rows)


def _objects(values: Any, key: str, where: str) -> list[Any]:
    rows = values.get(key) if isinstance(values, dict) else None
    if not isinstance(rows, list):
        raise FerdeskError(f"{where} has no list '{key}'.")
    if len(rows) > _MOST_ROWS:
        raise FerdeskError(f"{where} has {len(rows)} entries in '{key}', more than {_MOST_ROWS}.")
    return rows


def _feature(values: Any, where: str) -> str:
    name = values.get("feature") if isinstance(values, dict) else None
    if not isinstance(name, str) or name not in FEATURES:
        raise FerdeskError(
            f"{where} uses the unknown feature '{quoted(name)}'; a newer ferdesk wrote it."
        )
    return str(name)


def _range(values: Any, where: str) -> tuple[float, float]:
    low, high = number(values, "low", where), number(values, "high", where)
    if low > high:
        raise FerdeskError(f"{where} has a range that ends before it begins.")
    return low, high
