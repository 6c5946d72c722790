"""Fitting how unlike a face of the training kind a picture is, and its part in the reliability.

The head is fitted on held-out faces against some kinds of `strange` pictures made from them; the
other kinds only judge it. Faces under faults count as ordinary: they are faces, seen badly.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ferdesk.model.checkpoint import Card
from ferdesk.model.network import DualStreamFER
from ferdesk.model.novelty import NoveltyHead, pooled
from ferdesk.model.reliability import NOVELTY, Features, Term
from trainer.confidence.faults import degrade
from trainer.confidence.observed import Part, faults_seen
from trainer.confidence.reliability import Faces, Fitted, log_loss, logistic
from trainer.confidence.strange import FITTED_ON, PER_KIND, strange
from trainer.measure.answers import to_batch
from trainer.measure.metrics import auroc

Array = NDArray[np.float64]

_RIDGE: Final = 100.0
_BATCH: Final = 128
_SHARE: Final = 0.05
"""Of strange pictures among all that the term is fitted for."""
_STARTS: Final = (98.0, 99.0, 99.5, 99.8)
"""Per cent of ordinary faces that keep their reliability: where the term may begin."""
_ENDS: Final = (25.0, 50.0, 75.0)
"""Per cent of strange pictures below it: where the term may end."""
_MOST: Final = 8.0
"""No more log odds are taken off: 99.5 % become 6 %."""
_STEPS: Final = 40
_COST: Final = 0.001
"""What the term may take from the AUROC among ordinary faces."""


@torch.inference_mode()
def image_features(network: DualStreamFER, crops: NDArray[np.uint8]) -> Array:
    """(N, C) `pooled` of (N, S, S, 3) uint8 RGB crops."""
    out = []
    for start in range(0, len(crops), _BATCH):
        batch = to_batch(crops[start : start + _BATCH], torch.device("cpu"))
        out.append(pooled(network.image_maps(*network.preprocess(batch))).double().numpy())
    return np.concatenate(out)


def fit_head(network: DualStreamFER, card: Card, part: Part, seed: int) -> NoveltyHead:
    """The head that tells strange pictures from faces of `part`, as they are and under faults.

    Half of the weight is on the strange ones, and a quarter each on the others.
    """
    few = some_of(part, seed).data.crops
    kinds = (
        image_features(network, part.data.crops[part.found]),
        np.concatenate(
            [image_features(network, degrade(few, fault, seed)) for fault in faults_seen(card)]
        ),
        np.concatenate([image_features(network, strange(few, kind, seed)) for kind in FITTED_ON]),
    )
    mean, spread = kinds[0].mean(axis=0), kinds[0].std(axis=0) + 1e-6
    rows = np.concatenate(kinds)
    weights = np.concatenate(
        [
            np.full(len(kind), share * len(rows) / len(kind))
            for kind, share in zip(kinds, (0.25, 0.25, 0.5), strict=True)
        ]
    )
    novel = np.arange(len(rows)) >= len(rows) - len(kinds[2])
    solution = logistic((rows - mean) / spread, novel, weights, _RIDGE)
    head = NoveltyHead(rows.shape[1])
    values = {"mean": mean, "spread": spread, "weight": solution[1:], "bias": solution[0]}
    head.load_state_dict({k: torch.tensor(v, dtype=torch.float32) for k, v in values.items()})
    return head


def some_of(part: Part, seed: int) -> Part:
    """At most `PER_KIND` of the faces that were found."""
    return part.sample(seed, PER_KIND)


def with_term(fitted: Fitted, faces: Faces, strangers: Features) -> Fitted:
    """The model with a term of novelty; as it is where such a term would not help.

    It begins above one of `_STARTS` of the ordinary faces, so that nearly all of them keep their
    reliability, and ends above one of `_ENDS` of the `strangers`. Of the terms that take at most
    `_COST` from the AUROC among ordinary faces it is the one of least log loss if `_SHARE` of the
    pictures were strange, whose labels count as wrong; the other terms stay. Cross-validated
    chances of `faces` are what it is fitted on.
    """
    told, odd_told = faces.features[NOVELTY], strangers[NOVELTY]
    clean = faces.clean
    if not len(odd_told) or not np.ptp(told[clean]) > 0:
        return fitted
    odds, odd = (_log_odds(c) for c in (fitted.chances, fitted.model.predict(strangers)))
    least = auroc(odds[clean], faces.correct[clean]) - _COST
    best, kept = _loss(odds, odd, faces), None
    for low, high in itertools.product(
        np.percentile(told[clean], _STARTS), np.percentile(odd_told, _ENDS)
    ):
        if high <= low:
            continue
        for taken in np.linspace(0.0, _MOST, _STEPS + 1)[1:]:
            term = Term(NOVELTY, float(-taken / (high - low)), float(low), float(high))
            after = odds + term.penalty(told)
            loss = _loss(after, odd + term.penalty(odd_told), faces)
            if loss < best and auroc(after[clean], faces.correct[clean]) >= least:
                best, kept = loss, term
    if kept is None:
        return fitted
    chances = _chances(odds + kept.penalty(told))
    return replace(
        fitted,
        model=replace(fitted.model, terms=(*fitted.model.terms, kept)),
        chances=chances,
        losses=(*fitted.losses, (NOVELTY, log_loss(chances, faces))),
    )


def _loss(odds: Array, odd: Array, faces: Faces) -> float:
    """Mean log loss of the faces and, `_SHARE` of all, of strange pictures."""
    wrongly = np.log1p(-_chances(odd)).mean()
    return float((1 - _SHARE) * log_loss(_chances(odds), faces) - _SHARE * wrongly)


def _log_odds(chances: Array) -> Array:
    return np.asarray(np.log(chances) - np.log1p(-chances))


def _chances(log_odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))
