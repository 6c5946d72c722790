"""What a checkpoint may claim: fitted on held-out training pictures, measured on the valid split.

Everything runs through the app's own predictor, so that the figures are those of the app.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model import calibration as calibrating
from ferdesk.model import checkpoint
from ferdesk.model.calibration import Calibration
from ferdesk.model.checkpoint import Card
from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.model.predictor import Predictor
from ferdesk.model.purified import Purified, concatenate
from ferdesk.model.reliability import (
    Features,
    ReliabilityModel,
    answer_features,
    picture_features,
    view_features,
)
from trainer.confidence.faults import DEGRADATIONS, chance_for, degrade, small_edge
from trainer.confidence.invariances import invariances
from trainer.confidence.reliability import Faces, Fitted, risk_coverage, select
from trainer.data.hold_out import hold_out
from trainer.data.packed import PackedSet, load_split
from trainer.data.poses import load_poses
from trainer.data.sets import prepare
from trainer.measure.metrics import auroc, brier, calibration_error, diagram, measure

log = logging.getLogger(__name__)

Array = NDArray[np.float64]
Pure = Purified[NDArray[np.float32]]

FEWEST = 30
"""Held-out faces below which nothing can be fitted."""
_EYES_IN_CROP = 0.52
"""Distance between the outer eye corners as a share of the crop."""
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a data set with the pose and size of its faces."""

    data: PackedSet
    poses: Array
    """(N, 4), NaN where no face was found; the app would never show those."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """(N,)"""
        return ~np.isnan(self.poses[:, 0])


@dataclass(frozen=True, eq=False)
class Observed:
    """What the network says of a part under one fault ("" is none)."""

    fault: str
    purified: Pure
    picture: Features
    """`picture_features`, of all N."""
    size: Array


def _predict(predictor: Predictor, crops: NDArray[np.uint8]) -> Pure:
    return concatenate(
        [
            predictor.predict(np.array(crops[start : start + _CHUNK]))
            for start in range(0, len(crops), _CHUNK)
        ]
    )


def observe(predictor: Predictor, part: Part, fault: str, seed: int) -> Observed:
    """Run the network over the part, with the fault put on every crop first."""
    crops = degrade(part.data.crops, fault, seed) if fault else part.data.crops
    detail = predictor.card.preprocessing.detail
    pieces = [
        picture_features(np.array(crops[start : start + _CHUNK]), detail)
        for start in range(0, len(crops), _CHUNK)
    ]
    size = part.poses[:, 3]
    if fault == "small":
        edges = [small_edge(chance_for(fault, i, seed)) for i in range(len(crops))]
        size = np.minimum(size, _EYES_IN_CROP * np.array(edges))
    answers = _predict(predictor, crops)
    picture = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    log.info("measured %d faces, %s", len(crops), fault or "as they are")
    return Observed(fault, answers, picture, size)


def features_of(answers: Observed, part: Part, calibration: Calibration) -> Features:
    """All features of the faces that were found, in the order of the part."""
    yaw, pitch, roll, _ = part.poses.T
    every = {
        **answer_features(calibration.apply(answers.purified.final), answers.purified),
        **answers.picture,
        **view_features(yaw, pitch, roll, answers.size),
    }
    return {name: values[part.found] for name, values in every.items()}


def correct_of(answers: Observed, part: Part, calibration: Calibration) -> NDArray[np.bool_]:
    """Whether each found face got the right label."""
    right = calibration.apply(answers.purified.final).argmax(axis=1) == part.data.labels
    return np.asarray(right[part.found])


def gather(every: list[Observed], part: Part, calibration: Calibration) -> Faces:
    """The rows of all faults under each other, for fitting."""
    features = [features_of(answers, part, calibration) for answers in every]
    own = np.flatnonzero(part.found)
    return Faces(
        {name: np.concatenate([f[name] for f in features]) for name in features[0]},
        np.concatenate([correct_of(answers, part, calibration) for answers in every]),
        np.tile(own, len(every)),
        np.concatenate([np.full(len(own), not answers.fault) for answers in every]),
    )


def faults_seen(card: Card) -> list[str]:
    """The faults that reach the network: a grey one sees copies without colour as they were."""
    return [k for k in DEGRADATIONS if k != "grey" or not card.preprocessing.grayscale]


def fit(
    predictor: Predictor, part: Part, prior: Array, seed: int
) -> tuple[Calibration, Faces, Fitted]:
    """Calibration and sets on the pictures as they are, reliability on degraded copies too.

    `prior` (7,): class shares of what the network was trained on.
    """
    if part.found.sum() < FEWEST:
        raise FerdeskError(
            f"{int(part.found.sum())} held-out faces are too few to calibrate with; give a data "
            f"set or a --holdout with at least {FEWEST}."
        )
    faults = ("", *faults_seen(predictor.card))
    every = [observe(predictor, part, fault, seed) for fault in faults]
    calibration = calibrating.fit(every[0].purified.final, part.data.labels, prior)
    faces = gather(every, part, calibration)
    return calibration, faces, select(faces)


@dataclass(frozen=True, eq=False)
class Scores:
    """What could tell right from wrong, for the found faces of a part."""

    correct: NDArray[np.bool_]
    reliability: Array
    winner: Array
    """The calibrated probability of the label."""
    c_t: Array

    def auroc(self, prefix: str) -> dict[str, float]:
        """Chance that a right answer scores higher than a wrong one, for each."""
        names = ("reliability", "winner", "c_t")
        return {f"{prefix}_{name}": auroc(getattr(self, name), self.correct) for name in names}


def scores_of(
    answers: Observed, part: Part, calibration: Calibration, model: ReliabilityModel
) -> Scores:
    """The scores of one part under one fault."""
    winner = calibration.apply(answers.purified.final).max(axis=1)
    return Scores(
        correct_of(answers, part, calibration),
        model.predict(features_of(answers, part, calibration)),
        winner[part.found].astype(np.float64),
        answers.purified.c_t[part.found].astype(np.float64),
    )


def measure_all(
    predictor: Predictor, part: Part, card: Card, seed: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """(metrics, tables) of a calibrated card on a part nothing was fitted on."""
    calibration, model = card.calibration, card.reliability
    assert calibration is not None
    assert model is not None
    assert card.risk_coverage is not None
    labels = part.data.labels
    every: list[Scores] = []
    rows: list[dict[str, Any]] = []
    metrics: dict[str, float] = {}
    tables: dict[str, Any] = {}
    for fault in ("", *DEGRADATIONS):
        answers = observe(predictor, part, fault, seed)
        scores = scores_of(answers, part, calibration, model)
        every.append(scores)
        result = measure(calibration.apply(answers.purified.final), labels)
        rows.append(
            {
                "pictures": fault or "as they are",
                "accuracy": result.accuracy,
                "mean_class_accuracy": result.mean_class_accuracy,
                "accuracy_of_found": float(scores.correct.mean()),
                "mean_reliability": float(scores.reliability.mean()),
            }
        )
        if not fault:
            metrics, tables["diagram"] = _figures(answers.purified, calibration, labels)
            metrics["reliability_ece"] = calibration_error(scores.reliability, scores.correct)
            metrics.update(scores.auroc("auroc"))
            tables["recall"] = result.per_class
            tables["reliability_diagram"] = diagram(scores.reliability, scores.correct)
            tables["risk_coverage"] = [
                _answered(row.threshold, scores) for row in card.risk_coverage.rows
            ]
    pooled = [np.concatenate([getattr(s, f.name) for s in every]) for f in fields(Scores)]
    metrics.update(Scores(*pooled).auroc("auroc_degraded"))
    tables["degradations"] = rows
    return metrics, tables


def _figures(
    purified: Pure, calibration: Calibration, labels: NDArray[np.int64]
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """Metrics before and after calibration, and the reliability diagram of the probabilities."""
    final = purified.final
    true = calibration.apply(final)
    plain, shown = measure(final, labels), measure(true, labels)
    sets = [calibration.prediction_set(row) for row in true]
    metrics: dict[str, float] = {
        "pictures": plain.n,
        "accuracy": shown.accuracy,
        "mean_class_accuracy": shown.mean_class_accuracy,
        "macro_f1": shown.macro_f1,
        "accuracy_before_calibration": plain.accuracy,
        "mean_class_accuracy_before_calibration": plain.mean_class_accuracy,
        "accuracy_of_p": measure(purified.p, labels).accuracy,
        "ece_before_calibration": plain.ece,
        "ece": shown.ece,
        "brier_before_calibration": brier(final, labels),
        "brier": brier(true, labels),
        "set_coverage": float(np.mean([y in s for y, s in zip(labels, sets, strict=True)])),
        "set_size": float(np.mean([len(s) for s in sets])),
    }
    return metrics, diagram(true.max(axis=1), true.argmax(axis=1) == labels)


def _answered(threshold: float, scores: Scores) -> dict[str, float]:
    kept = scores.reliability >= threshold
    return {
        "threshold": threshold,
        "coverage": float(kept.mean()),
        "error": float((~scores.correct[kept]).mean()) if kept.any() else 0.0,
    }


def calibrate(
    path: Path,
    data: str,
    cache: Path,
    out: Path,
    *,
    holdout: float,
    seed: int,
    threads: int,
    say: Callable[[str], object] = log.info,
) -> Card:
    """Fit, measure and write the checkpoint with its new card to `out`, atomically.

    The network itself is not changed. Raises FerdeskError when the held-out pictures are not the
    ones that the checkpoint's training left out.
    """
    network, card = checkpoint.load(path)
    folder = prepare(data, cache)
    trained, held = hold_out(load_split(folder, "train"), holdout, seed)
    told = card.training.get("held_out_pictures", len(held)), card.training.get("seed", seed)
    if told != (len(held), seed):
        raise FerdeskError(
            f"'{path.name}' was trained with {told[0]} pictures held out by seed {told[1]}, not "
            f"{len(held)} by seed {seed}; give the --holdout and --seed of its training."
        )
    valid = load_split(folder, "valid")
    predictor = Predictor.of_network(network, card, "auto", threads)
    fitting = Part(held, load_poses(data, "train", held, cache))
    prior = np.bincount(trained.labels, minlength=NUM_EXPRESSIONS) / len(trained)
    calibration, faces, fitted = fit(predictor, fitting, prior, seed)
    card = replace(
        card,
        calibration=calibration,
        reliability=fitted.model,
        risk_coverage=risk_coverage(fitted.chances[faces.clean], faces.correct[faces.clean]),
    )
    # Another seed: the faults it is measured on are not those it was fitted on.
    part = Part(valid, load_poses(data, "valid", valid, cache))
    metrics, tables = measure_all(predictor, part, card, seed + 1)
    tables["reliability_features"] = {
        "joined": [{"feature": name, "log_loss": loss} for name, loss in fitted.losses],
        "left_out": list(fitted.left_out),
    }
    tables["invariances"] = invariances(predictor, card)
    card = replace(
        card,
        metrics={**card.metrics, **metrics},
        tables=tables,
        training={
            **card.training,
            "calibration": f"{len(held)} pictures held out of the training part, reliability also "
            f"on their copies under {len(faults_seen(card))} faults",
        },
    )
    checkpoint.save(out, checkpoint.load(path)[0], card)
    say(f"wrote {out}")
    return card
