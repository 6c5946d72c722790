"""Two readings of the same frames: how far they agree, and where they do not."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS, NUM_EXPRESSIONS
from ferdesk.session.lanes import Lane, lanes
from ferdesk.session.session import Session

_GAP: Final = 0.5
"""Seconds without a reading after which another stretch begins."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stretch in which one face has two labels."""

    onset: float
    duration: float
    face: int
    first: str
    second: str
    first_reliability: float
    second_reliability: float
    """Means over the stretch; NaN where a checkpoint cannot tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """Labels of two passes, face by face and frame by frame; the operating point plays no part."""

    counts: NDArray[np.int64]
    """(7, 7): how often the first pass gave the row's label and the second the column's."""
    disagreements: tuple[Disagreement, ...]
    """By onset."""

    @property
    def readings(self) -> int:
        """How many faces in frames both passes read."""
        return int(self.counts.sum())

    @property
    def share(self) -> float:
        """Of readings with the same label; NaN without readings."""
        return float(np.trace(self.counts)) / self.readings if self.readings else np.nan

    @property
    def kappa(self) -> float:
        """Cohen's κ: agreement beyond what the two sets of labels would give by chance.

        (Cohen, 1960.) NaN without readings, and where chance alone would agree everywhere.
        """
        total = self.readings
        if not total:
            return np.nan
        chance = float(self.counts.sum(axis=0) @ self.counts.sum(axis=1)) / total**2
        return (self.share - chance) / (1 - chance) if chance < 1 else np.nan


def compare(session: Session, first: int, second: int) -> Agreement:
    """The agreement of two passes of a session."""
    counts = np.zeros((NUM_EXPRESSIONS, NUM_EXPRESSIONS), np.int64)
    found: list[Disagreement] = []
    others = lanes(session, second)
    for face, lane in lanes(session, first).items():
        other = others.get(face)
        if other is None:
            continue
        _, mine, theirs = np.intersect1d(lane.frames, other.frames, return_indices=True)
        np.add.at(counts, (lane.labels[mine], other.labels[theirs]), 1)
        found += _stretches(lane, other, mine, theirs)
    return Agreement(counts, tuple(sorted(found, key=lambda d: (d.onset, d.face))))


def _stretches(
    lane: Lane, other: Lane, mine: NDArray[np.int64], theirs: NDArray[np.int64]
) -> list[Disagreement]:
    differ = np.flatnonzero(lane.labels[mine] != other.labels[theirs])
    if not len(differ):
        return []
    mine, theirs = mine[differ], theirs[differ]
    times, first, second = lane.times[mine], lane.labels[mine], other.labels[theirs]
    begins = np.concatenate((
        [True],
        (np.diff(differ) > 1) | (np.diff(times) > _GAP)
        | (np.diff(first) != 0) | (np.diff(second) != 0),
    ))  # fmt: skip
    edges = [*np.flatnonzero(begins), len(differ)]
    return [
        Disagreement(
            float(times[a]), float(times[b - 1] - times[a]), lane.face,
            EXPRESSIONS[first[a]], EXPRESSIONS[second[a]],
            float(lane.reliability[mine[a:b]].mean()),
            float(other.reliability[theirs[a:b]].mean()),
        )
        for a, b in itertools.pairwise(edges)
    ]  # fmt: skip
