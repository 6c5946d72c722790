"""What a session adds up to: shares of time, what was withheld, the course around events."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS, NUM_EXPRESSIONS
from ferdesk.session.lanes import Lane, lanes
from ferdesk.session.records import CANNOT_TELL, EXCLUDED, CorrectionRecord, Origin
from ferdesk.session.schema import SHOWN_COLUMNS
from ferdesk.session.session import Session

_LONGEST: Final = 0.5
"""Seconds that one reading may stand for: what follows is a gap."""
WITHHELD: Final = -1
"""Instead of the position of a label: less reliable than the operating point, or a person could
not tell."""

BEFORE: Final = 2.0
AFTER: Final = 4.0
STEP: Final = 0.25
"""Seconds around an event, and the width of a bin."""
_LEAST_FOR_INTERVAL: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class FaceCourse:
    """One face with corrections applied: what counts, and for how long."""

    lane: Lane
    labels: NDArray[np.int8]
    """Position in `EXPRESSIONS`, or `WITHHELD`; corrections included."""
    weights: NDArray[np.float64]
    """Seconds each reading stands for; 0 where the stretch is excluded."""

    @property
    def seconds(self) -> float:
        """How long the face was read."""
        return float(self.weights.sum())

    @property
    def withheld(self) -> float:
        """Share of that time in which no label was given."""
        return self._share(self.labels == WITHHELD, self.weights)

    @property
    def shares(self) -> NDArray[np.float64]:
        """(7,) share of each expression in the time that was labelled; NaN when none was."""
        labelled = np.where(self.labels == WITHHELD, 0.0, self.weights)
        return np.array([self._share(self.labels == i, labelled) for i in range(NUM_EXPRESSIONS)])

    @property
    def reliability(self) -> float:
        """Mean over time; NaN when the checkpoint cannot tell."""
        known = ~np.isnan(self.lane.reliability)
        return self._share(self.lane.reliability, np.where(known, self.weights, 0.0))

    @staticmethod
    def _share(values: NDArray[np.generic], weights: NDArray[np.float64]) -> float:
        total = float(weights.sum())
        return (
            float((np.nan_to_num(values.astype(float)) * weights).sum()) / total
            if total
            else np.nan
        )


@dataclass(frozen=True, slots=True, eq=False)
class AroundEvents:
    """The mean distribution of one face around the events of one label."""

    label: str
    count: int
    """How many events lie within the session's readings."""
    times: NDArray[np.float64]
    """(B,) middles of the bins in seconds after the event."""
    mean: NDArray[np.float64]
    """(B, 7); NaN where nothing was read."""
    half_width: NDArray[np.float64]
    """(B, 7) of the 95 % interval of the mean over events; NaN for fewer than three of them."""


def courses(session: Session, pass_number: int = 0) -> list[FaceCourse]:
    """A course per face, the one that was seen longest first."""
    corrections = session.store.corrections()
    found = [_course(lane, corrections) for lane in lanes(session, pass_number).values()]
    return sorted(found, key=lambda course: -course.seconds)


def _course(lane: Lane, corrections: Sequence[CorrectionRecord]) -> FaceCourse:
    labels = np.where(lane.unsure, WITHHELD, lane.labels).astype(np.int8)
    steps = np.diff(lane.times, append=lane.times[-1])
    # The last reading, and one before a gap, stand for as long as a usual one.
    usual = float(np.median(steps[:-1])) if len(steps) > 1 else 0.0
    weights = np.where((steps <= 0) | (steps > _LONGEST), min(usual, _LONGEST), steps)
    for said in corrections:
        if said.face not in (None, lane.face):
            continue
        until = said.onset + max(said.duration, 1e-3)
        inside = (lane.times >= said.onset) & (lane.times <= until)
        if said.label == EXCLUDED:
            weights = np.where(inside, 0.0, weights)
        else:
            position = WITHHELD if said.label == CANNOT_TELL else EXPRESSIONS.index(said.label)
            labels = np.where(inside, position, labels).astype(np.int8)
    return FaceCourse(lane, labels, weights)


def around_events(session: Session, face: int, pass_number: int = 0) -> list[AroundEvents]:
    """One per label that people gave to events, the most frequent first."""
    events = [e for e in session.store.events() if e.origin is not Origin.FERDESK]
    rows = session.store.rows(
        f"SELECT frame.time, {', '.join(SHOWN_COLUMNS)} FROM face"
        " JOIN frame ON frame.id = face.frame JOIN analysis ON analysis.id = face.analysis"
        " WHERE pass_number = ? AND face.face = ? ORDER BY frame.id",
        (pass_number, face),
    )
    if not events or not rows:
        return []
    table = np.array(rows, np.float64)
    found = []
    for label, _ in Counter(event.label for event in events).most_common():
        onsets = [event.onset for event in events if event.label == label]
        courses_ = [_binned(table, onset) for onset in onsets]
        kept = [course for course in courses_ if not np.isnan(course).all()]
        if kept:
            found.append(_mean_course(label, np.array(kept)))
    return found


def _binned(table: NDArray[np.float64], onset: float) -> NDArray[np.float64]:
    edges = _edges() + onset
    places = np.searchsorted(table[:, 0], edges)
    out = np.full((len(edges) - 1, NUM_EXPRESSIONS), np.nan)
    for i, (start, stop) in enumerate(itertools.pairwise(places)):
        if stop > start:
            out[i] = table[start:stop, 1:].mean(axis=0)
    return out


def _mean_course(label: str, courses_: NDArray[np.float64]) -> AroundEvents:
    seen = (~np.isnan(courses_)).sum(axis=0)
    total = np.nansum(courses_, axis=0)
    mean = np.divide(total, seen, out=np.full(total.shape, np.nan), where=seen > 0)
    squares = np.nansum((courses_ - mean) ** 2, axis=0)
    enough = seen >= _LEAST_FOR_INTERVAL
    spread = np.sqrt(np.divide(squares, seen - 1, out=np.zeros(total.shape), where=enough))
    error = _student(seen) * spread / np.sqrt(np.maximum(seen, 1))
    half = np.asarray(np.where(enough, error, np.nan), np.float64)
    edges = _edges()
    return AroundEvents(label, len(courses_), (edges[:-1] + edges[1:]) / 2, mean, half)


def _edges() -> NDArray[np.float64]:
    steps = np.arange(round((BEFORE + AFTER) / STEP) + 1, dtype=np.float64)
    return steps * STEP - BEFORE


def _student(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """97.5 % quantile of Student's t with `counts` - 1 degrees of freedom, to within 0.01.

    Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5), exact table below 5 degrees.
    """
    small = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
    z = 1.959964
    degrees = np.maximum(counts - 1, 1).astype(np.float64)
    g1, g2 = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    quantile = z + g1 / degrees + g2 / degrees**2 + g3 / degrees**3
    for freedom, value in small.items():
        quantile = np.where(degrees == freedom, value, quantile)
    return np.asarray(quantile, np.float64)
