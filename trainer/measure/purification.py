"""What purification does to wrong labels: does an answer go back to the truth or repeat the error?

Counted on the training pictures, where the label given and the label before noise are both known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.measure.metrics import auroc


@dataclass(frozen=True, slots=True)
class PurificationFigures:
    """Of one distribution q; each in [0, 1], None where there is no picture to count."""

    recovery: float | None
    """Share of the flipped pictures whose winner is the clean label."""
    damage: float | None
    """Share of the untouched pictures whose winner is not their label."""
    memorised: float | None
    """Share of the flipped pictures whose winner is the wrong label they were given."""
    auroc: float | None
    """Chance that 1 - q[given] is larger for a flipped picture than for an untouched one."""


def purification(
    probabilities: NDArray[np.floating[Any]], given: NDArray[np.int64], clean: NDArray[np.int64]
) -> PurificationFigures:
    """Figures of (N, 7) probabilities.

    `given` (N,) are the labels trained on, `clean` (N,) those before noise. Pictures
    whose clean label is unknown (-1) are left out.
    """
    known = clean >= 0
    probabilities, given, clean = probabilities[known], given[known], clean[known]
    winner = probabilities.argmax(axis=1)
    flipped = given != clean
    doubt = 1 - probabilities[np.arange(len(given)), given].astype(np.float64)
    return PurificationFigures(
        recovery=_share((winner == clean)[flipped]),
        damage=_share((winner != given)[~flipped]),
        memorised=_share((winner == given)[flipped]),
        auroc=auroc(doubt, flipped) if flipped.any() and not flipped.all() else None,
    )


def purification_json(
    distributions: Mapping[str, NDArray[np.floating[Any]]],
    given: NDArray[np.int64],
    clean: NDArray[np.int64],
) -> dict[str, Any]:
    """The content of a run's purification.json: counts, and `PurificationFigures` by name."""
    known = clean >= 0
    flipped = int((given != clean)[known].sum())
    return {
        "flipped": flipped,
        "untouched": int(known.sum()) - flipped,
        **{name: asdict(purification(q, given, clean)) for name, q in distributions.items()},
    }


def _share(hits: NDArray[np.bool_]) -> float | None:
    return float(hits.mean()) if len(hits) else None
