"""The course of every face over a whole session, light enough to be drawn at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS

_Row = tuple[float, ...]
"""Frame, time, label, and the rest in the order of `Lane`."""

if TYPE_CHECKING:
    from ferdesk.session.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One face, reading by reading; all arrays have the same length N."""

    face: int
    frames: NDArray[np.int64]
    times: NDArray[np.float64]
    """Seconds of the session."""
    labels: NDArray[np.int8]
    """Position of the label shown in `EXPRESSIONS`."""
    reliability: NDArray[np.float64]
    """NaN where the checkpoint could not tell."""
    threshold: NDArray[np.float64]
    """The operating point in use."""
    size: NDArray[np.float64]
    """Pixels between the outer eye corners."""
    brightness: NDArray[np.float64]
    """0..1"""

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Where the label was withheld."""
        return np.asarray(self.reliability < self.threshold)


def lanes(session: Session, pass_number: int = 0) -> dict[int, Lane]:
    """A lane per face id, the face that was seen most often first."""
    rows = session.store.rows(
        "SELECT face.face, frame.id, frame.time, label, reliability, threshold,"
        " face.size, brightness FROM face"
        " JOIN frame ON frame.id = face.frame JOIN analysis ON analysis.id = face.analysis"
        " WHERE pass_number = ? ORDER BY frame.id",
        (pass_number,),
    )
    position = {name: i for i, name in enumerate(EXPRESSIONS)}
    by_face: dict[int, list[_Row]] = {}
    for face, frame, time, label, reliability, *rest in rows:
        known = np.nan if reliability is None else reliability
        by_face.setdefault(face, []).append((frame, time, position[label], known, *rest))
    return {
        face: _lane(face, by_face[face])
        for face in sorted(by_face, key=lambda face: (-len(by_face[face]), face))
    }


def starts_of_unsure(lanes: Iterable[Lane]) -> list[float]:
    """Where stretches of withheld labels begin, in ascending order."""
    starts: list[float] = []
    for lane in lanes:
        unsure = lane.unsure
        starts += lane.times[unsure & ~np.concatenate(([False], unsure[:-1]))].tolist()
    return sorted(starts)


def _lane(face: int, rows: list[_Row]) -> Lane:
    frames, times, labels, *rest = np.array(rows, np.float64).T
    return Lane(face, frames.astype(np.int64), times, labels.astype(np.int8), *rest)
