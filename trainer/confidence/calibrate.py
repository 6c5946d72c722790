"""What a checkpoint may claim: fitted on held-out training pictures, measured on the valid split.

Everything runs through the app's own predictor, so that the figures are those of the app.
"""

from __future__ import annotations

import logging
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
from ferdesk.model.network import DualStreamFER
from ferdesk.model.predictor import Predictor
from ferdesk.model.reliability import NOVELTY, ReliabilityModel
from trainer.confidence.faults import DEGRADATIONS
from trainer.confidence.invariances import invariances
from trainer.confidence.novelty import fit_head, some_of, with_term
from trainer.confidence.observed import (
    Array,
    Observed,
    Part,
    Pure,
    correct_of,
    faults_seen,
    features_found,
    gather,
    observe,
    part_of,
)
from trainer.confidence.promise import independent, kept, promised
from trainer.confidence.reliability import Fitted, select
from trainer.confidence.strange import FITTED_ON, STRANGE
from trainer.data.hold_out import hold_out
from trainer.data.packed import PackedSet, load_split
from trainer.data.sets import prepare
from trainer.measure.metrics import auroc, brier, calibration_error, diagram, measure

log = logging.getLogger(__name__)

FEWEST = 30
"""Held-out faces below which nothing can be fitted."""
_FIT_SHARE = 0.6
"""Of the held-out faces everything is fitted on these, and the promise is tested on the others."""


def fit(predictor: Predictor, part: Part, prior: Array, seed: int) -> tuple[Calibration, Fitted]:
    """Calibration and sets on the pictures as they are, reliability on degraded copies too.

    `prior` (7,): class shares of what the network was trained on.
    """
    clean, few = observe(predictor, part, "", seed), part.sample(seed)
    calibration = calibrating.fit(clean.purified.final, part.data.labels, prior)
    faulty = [(observe(predictor, few, f, seed), few) for f in faults_seen(predictor.card)]
    faces = gather([(clean, part), *faulty], calibration)
    few = some_of(part, seed)
    odd = [(observe(predictor, few, kind, seed), few) for kind in FITTED_ON]
    return calibration, with_term(select(faces), faces, features_found(odd, calibration))


@dataclass(frozen=True, eq=False)
class Scores:
    """What could tell right from wrong, for the faces of a part that the app would show."""

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
    """The scores of one part under one fault, of faces that are found with the fault on them."""
    winner = calibration.apply(answers.purified.final).max(axis=1)
    shown = part.found & answers.again
    return Scores(
        correct_of(answers, part, calibration)[answers.again[part.found]],
        model.predict(features_found([(answers, part)], calibration)),
        winner[shown].astype(np.float64),
        answers.purified.c_t[shown].astype(np.float64),
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
    few = part.sample(seed)
    for fault in ("", *DEGRADATIONS):
        own = few if fault else part
        answers = observe(predictor, own, fault, seed)
        scores = scores_of(answers, own, calibration, model)
        every.append(scores)
        result = measure(calibration.apply(answers.purified.final), own.data.labels)
        found = float((own.found & answers.again).mean())
        rows.append(
            {
                "pictures": fault or "as they are",
                "accuracy": result.accuracy,
                "mean_class_accuracy": result.mean_class_accuracy,
                "found": found,
                "accuracy_of_found": float(scores.correct.mean()) if found else 0.0,
                "mean_reliability": float(scores.reliability.mean()) if found else 0.0,
            }
        )
        if not fault:
            metrics, tables["diagram"] = _figures(answers.purified, calibration, labels)
            metrics["reliability_ece"] = calibration_error(scores.reliability, scores.correct)
            metrics.update(scores.auroc("auroc"))
            tables["recall"] = result.per_class
            tables["reliability_diagram"] = diagram(scores.reliability, scores.correct)
            tables["risk_coverage"] = kept(card.risk_coverage, scores.reliability, scores.correct)
    pooled = [np.concatenate([getattr(s, f.name) for s in every]) for f in fields(Scores)]
    metrics.update(Scores(*pooled).auroc("auroc_degraded"))
    tables["degradations"] = rows
    return metrics, tables


def of_strange(predictor: Predictor, part: Part, card: Card, seed: int) -> list[dict[str, Any]]:
    """A row per kind of strange picture: how often a face is found and labelled in it.

    `labelled` is the share of the found ones with the reliability of the 80 % row or more.
    """
    calibration, model, table = card.calibration, card.reliability, card.risk_coverage
    assert calibration is not None
    assert model is not None
    assert table is not None
    threshold = table.for_coverage(0.8).threshold
    others = tuple(term for term in model.terms if term.feature != NOVELTY)
    few = some_of(part, seed)
    rows = []
    for kind in STRANGE:
        answers = observe(predictor, few, kind, seed)
        found = float(answers.again.mean())
        features = features_found([(answers, few)], calibration)
        chances = model.predict(features)
        without = replace(model, terms=others).predict(features)
        rows.append(
            {
                "pictures": kind,
                "fitted": kind in FITTED_ON,
                "found": found,
                "mean_reliability": float(chances.mean()) if found else 0.0,
                "labelled": float((chances >= threshold).mean()) if found else 0.0,
                "labelled_without": float((without >= threshold).mean()) if found else 0.0,
            }
        )
    return rows


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


def _halves(
    held: PackedSet, trained: PackedSet, everything: PackedSet, seed: int
) -> tuple[Part, Part]:
    """(fitting, testing) parts of the held-out pictures that have no near-copy in training.

    All of them where that would leave too few. FerdeskError when there are too few at all.
    """
    found = int(part_of(held).found.sum())
    if found < FEWEST:
        raise FerdeskError(
            f"{found} held-out faces are too few to calibrate with; give a data set or a "
            f"--holdout with at least {FEWEST}."
        )
    rows = independent(held, trained, everything)
    if part_of(held.take(rows)).found.sum() < FEWEST:
        log.warning("nearly all held-out pictures are copies of training pictures: all are taken")
        rows = np.arange(len(held))
    rows = np.random.default_rng(seed).permutation(rows)
    cut = round(_FIT_SHARE * len(rows))
    return part_of(held.take(np.sort(rows[:cut]))), part_of(held.take(np.sort(rows[cut:])))


def _opened(path: Path, half: bool) -> tuple[DualStreamFER, Card]:
    network, card = checkpoint.load(path)
    return (checkpoint.rounded(network) if half else network), card


def calibrate(
    path: Path,
    data: str,
    cache: Path,
    out: Path,
    *,
    holdout: float,
    seed: int,
    threads: int,
    mirror: bool = False,
    half: bool = False,
) -> Card:
    """Fit, measure and write the checkpoint with its new card to `out`, atomically.

    Nothing of the network is changed but the head that measures novelty and, with `half`, the
    kernels of the image stream, which are rounded to float16 before anything is fitted. Raises
    FerdeskError when the held-out pictures are not those that the checkpoint's training left out.
    """
    network, card = _opened(path, half)
    folder = prepare(data, cache, geometry=True)
    everything = load_split(folder, "train")
    trained, held = hold_out(everything, holdout, seed)
    told = card.training.get("held_out_pictures", len(held)), card.training.get("seed", seed)
    if told != (len(held), seed):
        raise FerdeskError(
            f"'{path.name}' was trained with {told[0]} pictures held out by seed {told[1]}, not "
            f"{len(held)} by seed {seed}; give the --holdout and --seed of its training."
        )
    valid = load_split(folder, "valid")
    fitting, testing = _halves(held, trained, everything, seed)
    head = fit_head(network, card, fitting, seed)
    network = network.with_novelty(head)
    card = replace(card, architecture=network.config, mirror=mirror)
    predictor = Predictor.of_network(network, card, "auto", threads)
    prior = np.bincount(trained.labels, minlength=NUM_EXPRESSIONS) / len(trained)
    calibration, fitted = fit(predictor, fitting, prior, seed)
    unseen = scores_of(observe(predictor, testing, "", seed), testing, calibration, fitted.model)
    card = replace(
        card,
        calibration=calibration,
        reliability=fitted.model,
        risk_coverage=promised(unseen.reliability, unseen.correct),
    )
    # Another seed: the faults it is measured on are not those it was fitted on.
    part = part_of(valid)
    metrics, tables = measure_all(predictor, part, card, seed + 1)
    tables["strange"] = of_strange(predictor, part, card, seed + 1)
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
            "calibration": f"{len(fitting.data)} held-out pictures, reliability also on copies "
            f"under {len(faults_seen(card))} faults; the promise is tested on "
            f"{int(testing.found.sum())} others; none has a near-copy among the training pictures",
        },
    )
    checkpoint.save(out, _opened(path, half)[0].with_novelty(head), card)
    log.info("wrote %s", out)
    return card
