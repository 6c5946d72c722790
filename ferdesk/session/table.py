"""The tidy table of a session: one row per face and analysed frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ferdesk.session.records import CorrectionRecord, FrameRecord
from ferdesk.table.columns import OF_SESSION
from ferdesk.table.values import Value, face_values, row

if TYPE_CHECKING:
    from ferdesk.session.session import Session

COLUMNS: Final = OF_SESSION


def rows(session: Session, pass_number: int = 0) -> Iterator[tuple[Value, ...]]:
    """The values of `COLUMNS`; a frame without a face is one row with face 0, NaN and ""."""
    corrections = session.store.corrections()
    analyses = [a for a in session.analyses if a.pass_number == pass_number]
    place = 0
    for frame, faces in session.read(pass_number, landmarks=False):
        while place + 1 < len(analyses) and analyses[place + 1].started <= frame.time:
            place += 1
        threshold = analyses[place].threshold if analyses else 0.0
        if not faces:
            yield row(COLUMNS, _of_frame(frame))
        for face in faces:
            values = {**_of_frame(frame), **face_values(face, threshold)}
            values["correction"] = correction_of(corrections, frame.time, face.face_id)
            yield row(COLUMNS, values)


def correction_of(corrections: list[CorrectionRecord], time: float, face: int) -> str:
    """What a person said last about this face id at this time; "" when nobody did."""
    for correction in reversed(corrections):
        if correction.covers(time, face):
            return correction.label
    return ""


def _of_frame(frame: FrameRecord) -> dict[str, Value]:
    return {
        "time": frame.time,
        "frame": frame.id,
        "source_frame": frame.source_index,
        "media_time": frame.media_time,
    }
