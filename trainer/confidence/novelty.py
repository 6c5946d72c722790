"""Fitting how unlike a face of the training kind a picture is, and its part in the reliability.

The head is fitted on held-out faces against some kinds of `strange` pictures made from them; the
other kinds only judge it. Faces under faults count as ordinary: they are faces, seen badly.
"""

from __future__ import annotations

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

Array = NDArray[np.float64]

_RIDGE: Final = 100.0
_BATCH: Final = 128
_SHARE: Final = 0.05
"""Of strange pictures among all that the term is fitted for."""
_MOST: Final = 6.0
"""No more log odds are taken off: 98 % become 10 %."""
_STEPS: Final = 60


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
    few = part.sample(seed)
    return few.take(np.arange(min(len(few.data), PER_KIND)))


def with_term(fitted: Fitted, faces: Faces, strangers: Features) -> Fitted:
    """The model with a term of novelty; as it is where such a term would not help.

    It begins where a picture counts as unusual (`usual_ranges`), so that nearly all faces keep
    their reliability, and ends where a quarter of the `strangers` lies beyond. Its weight has the
    least log loss if `_SHARE` of the pictures were strange, whose labels count as wrong; the other
    terms stay. Cross-validated chances of `faces` are what it is fitted on.
    """
    low = next((u.high for u in fitted.model.usual if u.feature == NOVELTY), np.inf)
    if not len(strangers[NOVELTY]) or np.percentile(strangers[NOVELTY], 75) <= low:
        return fitted
    high = float(np.percentile(strangers[NOVELTY], 75))
    odds, odd = (_log_odds(c) for c in (fitted.chances, fitted.model.predict(strangers)))

    def told(weight: float) -> tuple[float, Array, Term]:
        term = Term(NOVELTY, -weight, low, high)
        chances = _chances(odds + term.penalty(faces.features[NOVELTY]))
        wrongly = _chances(odd + term.penalty(strangers[NOVELTY]))
        loss = (1 - _SHARE) * log_loss(chances, faces) - _SHARE * np.log1p(-wrongly).mean()
        return float(loss), chances, term

    weights = np.linspace(0.0, _MOST / (high - low), _STEPS + 1)
    _, chances, term = min((told(weight) for weight in weights), key=lambda tried: tried[0])
    if not term.weight:
        return fitted
    return replace(
        fitted,
        model=replace(fitted.model, terms=(*fitted.model.terms, term)),
        chances=chances,
        losses=(*fitted.losses, (NOVELTY, log_loss(chances, faces))),
    )


def _log_odds(chances: Array) -> Array:
    return np.asarray(np.log(chances) - np.log1p(-chances))


def _chances(log_odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))
