"""The curves of a recorded session, up to the moment that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import Reading
from ferdesk.ui.state.history import CONFIDENCES, History

if TYPE_CHECKING:
    from ferdesk.session.session import Session

LONGEST_STEP: Final = 0.5
"""Seconds without a reading of a face after which its curve is interrupted, at the least."""


class PlayedHistory(History):
    """All readings of one face; windows end at `now`."""

    def __init__(self, times: NDArray[np.float64], rows: NDArray[np.float32]) -> None:
        """`times` (N,) ascending; `rows` (12, N) as in `History`; NaN is a gap."""
        super().__init__(1)
        self._times, self._rows = times, rows
        self.now = 0.0

    def _since(self, since: float) -> slice:
        return slice(
            int(np.searchsorted(self._times, since)),
            int(np.searchsorted(self._times, self.now + 1e-6, "right")),
        )


class PlayedHistories:
    """What `Histories` is for the live window; nothing is added, the moment moves."""

    def __init__(self, by_id: dict[int, PlayedHistory]) -> None:
        self._by_id = by_id

    def add(self, reading: Reading, time: float | None = None) -> None:
        """This is the moment that is shown."""
        for history in self._by_id.values():
            history.now = reading.frame.media_time if time is None else time

    def of(self, face_id: int | None) -> History | None:
        """The history of that face."""
        return self._by_id.get(face_id) if face_id is not None else None

    def interrupt(self) -> None:
        """Gaps are where they were recorded."""

    def clear(self) -> None:
        """What was recorded stays."""


def longest_step(times: NDArray[np.float64]) -> float:
    """Seconds between two of (N,) ascending `times` beyond which something is missing."""
    steps = np.diff(times)
    return max(LONGEST_STEP, 4.0 * float(np.median(steps))) if len(steps) else LONGEST_STEP


def played_histories(session: Session, pass_number: int = 0) -> PlayedHistories:
    """Read from the database, without the faces' landmarks. Slow: for a worker thread."""
    shown = ", ".join(f"probability_{name}" for name in EXPRESSIONS)
    found = session.store.rows(
        f"SELECT face.face, frame.time, {shown}, {', '.join(CONFIDENCES)}, reliability FROM face"
        " JOIN frame ON frame.id = face.frame JOIN analysis ON analysis.id = face.analysis"
        " WHERE pass_number = ? ORDER BY frame.id",
        (pass_number,),
    )
    table = np.array(found, np.float64).reshape(len(found), -1)
    by_id: dict[int, PlayedHistory] = {}
    for face in np.unique(table[:, 0]) if len(found) else ():
        part = table[table[:, 0] == face]
        times, rows = part[:, 1], part[:, 2:].T.astype(np.float32)
        gaps = np.flatnonzero(np.diff(times) > longest_step(times)) + 1
        times = np.insert(times, gaps, times[gaps - 1] + 1e-3)
        by_id[int(face)] = PlayedHistory(times, np.insert(rows, gaps, np.nan, axis=1))
    return PlayedHistories(by_id)
