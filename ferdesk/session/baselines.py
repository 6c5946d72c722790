"""The neutral baselines of a session, and the change of its readings from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ferdesk.pipeline.baseline import Baseline, BaselineError
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.records import BaselineRecord

if TYPE_CHECKING:
    from ferdesk.session.session import Session

_FLOATS: Final = np.dtype("<f8")
_BYTES: Final = (7 * _FLOATS.itemsize, 52 * _FLOATS.itemsize)
"""Of the means of a stored baseline."""


def record_of(onset: float, duration: float, face: int, baseline: Baseline) -> BaselineRecord:
    """A baseline with its means, to be stored."""
    return BaselineRecord(
        onset, duration, face, baseline.log_probabilities.astype(_FLOATS).tobytes(),
        baseline.blendshapes.astype(_FLOATS).tobytes(), baseline.readings,
    )  # fmt: skip


def newest(records: Iterable[BaselineRecord]) -> dict[int, Baseline]:
    """The last of each face among those that were stored with their means."""
    return {
        record.face: _with_means(record)
        for record in records
        if record.face is not None and _has_means(record)
    }


def over(session: Session, onset: float, duration: float, face: int) -> Baseline:
    """Of a face over a stretch as it was read when it was recorded. BaselineError.

    Also where some of the stretch is still to be read: a video that is played for the first time.
    """
    unread = sum(not analysed for _, analysed in _frames(session, onset, duration))
    if session.facts.get("kept") and unread:
        raise BaselineError(
            f"No baseline: {unread} frames of these {duration:.1f} s are not read yet; play them, "
            "then choose them as a stretch (Shift and drag) and try again."
        )
    return Baseline.of(face, _stretch(session, onset, duration, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A baseline of one face, and from when on it is the newest."""

    onset: float
    face: int
    checkpoint: tuple[str, str]
    """Name and checksum: readings of another one have no change from it."""
    baseline: Baseline
    record: BaselineRecord


class Baselines:
    """Those of one pass over a session as they were when this was made.

    Of several baselines of a face the newest at that time holds, and the first one holds for what
    was before it, too.
    """

    def __init__(self, session: Session, pass_number: int = 0) -> None:
        self._session = session
        self._pass = pass_number
        self._known: dict[int, list[Known]] = {}
        for record in session.store.baselines():
            for known in _known(session, record, pass_number):
                self._known.setdefault(known.face, []).append(known)

    @property
    def known(self) -> tuple[Known, ...]:
        """All of them, face by face, by onset."""
        return tuple(known for face in self._known.values() for known in face)

    def at(self, time: float, face: int) -> Known | None:
        """What holds for a face at `time` seconds; None without one of the same checkpoint."""
        found = self._known.get(face)
        if not found:
            return None
        best = next((known for known in reversed(found) if known.onset <= time), found[0])
        return best if best.checkpoint == _checkpoint(self._session, time, self._pass) else None

    def changed(self, time: float, faces: Iterable[FaceReading]) -> tuple[FaceReading, ...]:
        """The faces of a reading, those with a baseline with their `change`."""
        if not self._known:
            return tuple(faces)
        return tuple(self._changed(time, face) for face in faces)

    def _changed(self, time: float, face: FaceReading) -> FaceReading:
        known = self.at(time, face.face_id)
        return face if known is None else known.baseline.with_change(face)


def _known(session: Session, record: BaselineRecord, pass_number: int) -> Iterable[Known]:
    checkpoint = _checkpoint(session, record.onset, pass_number)
    if pass_number == 0 and _has_means(record) and record.face is not None:
        yield Known(record.onset, record.face, checkpoint, _with_means(record), record)
        return
    stretch = _stretch(session, record.onset, record.duration, pass_number)
    ids = {face.face_id for faces in stretch for face in faces}
    for face in sorted(ids) if record.face is None else [record.face]:
        try:
            baseline = Baseline.of(face, stretch)
        except BaselineError:
            continue  # As if it were not there: the stretch does not say how the face is at rest.
        yield Known(record.onset, face, checkpoint, baseline, record)


def _has_means(record: BaselineRecord) -> bool:
    return (len(record.log_probabilities), len(record.blendshapes)) == _BYTES


def _with_means(record: BaselineRecord) -> Baseline:
    return Baseline(
        np.frombuffer(record.log_probabilities, _FLOATS),
        np.frombuffer(record.blendshapes, _FLOATS),
        record.readings,
    )


def _stretch(
    session: Session, onset: float, duration: float, pass_number: int
) -> list[tuple[FaceReading, ...]]:
    frames = [frame for frame, analysed in _frames(session, onset, duration) if analysed]
    if not frames:
        return []
    faces = session.store.faces(frames[0], frames[-1], pass_number, landmarks=False)
    return [tuple(faces.get(frame, ())) for frame in frames]


def _frames(session: Session, onset: float, duration: float) -> list[tuple[int, bool]]:
    """Number, and whether it was read by now, of every frame of a stretch."""
    query = "SELECT id, analysed FROM frame WHERE time BETWEEN ? AND ? ORDER BY id"
    rows = session.store.rows(query, (onset, onset + duration))
    return [(number, bool(analysed)) for number, analysed in rows]


def _checkpoint(session: Session, time: float, pass_number: int) -> tuple[str, str]:
    analysis = session.analysis_at(max(time, 0.0), pass_number)
    return ("", "") if analysis is None else (analysis.checkpoint, analysis.checkpoint_sha256)
