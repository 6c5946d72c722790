"""The tidy table of a session: one row per face and analysed frame."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.records import CorrectionRecord, FrameRecord

if TYPE_CHECKING:
    from ferdesk.session.session import Session

Value = str | int | float

COLUMNS: Final = (
    "time", "frame", "face", "x", "y", "width", "height",
    *(f"probability_{name}" for name in EXPRESSIONS),
    *(f"final_{name}" for name in EXPRESSIONS),
    *(f"p_{name}" for name in EXPRESSIONS),
    "c_p", "c_g", "c_a", "c_t", "label", "reliability", "prediction_set", "correction",
    "yaw", "pitch", "roll", "size", "sharpness", "brightness",
    "source_frame", "source_time",
)  # fmt: skip
"""Times in seconds, boxes in pixels, angles in degrees (docs/data.md). `label` is the winner of
`probability_*` (smoothed as on the screen) or "unsure" below the operating point; `final_*`
(calibrated) and `p_*` are the answer for this frame alone."""

_DECIMALS: Final = {
    "time": 4, "source_time": 4, "x": 1, "y": 1, "width": 1, "height": 1, "c_p": 6, "c_g": 6,
    "c_a": 6, "c_t": 6, "reliability": 4, "yaw": 2, "pitch": 2, "roll": 2,
}  # fmt: skip
_SIGNIFICANT: Final = ("size", "sharpness", "brightness")


def rows(session: Session, pass_number: int = 0) -> Iterator[tuple[Value, ...]]:
    """The values of `COLUMNS`; a frame without a face is one row with face 0, NaN and ""."""
    corrections = session.store.corrections()
    analyses = [a for a in session.analyses if a.pass_number == pass_number]
    place = 0
    for frame, faces in session.read(pass_number):
        while place + 1 < len(analyses) and analyses[place + 1].started <= frame.time:
            place += 1
        threshold = analyses[place].threshold if analyses else 0.0
        if not faces:
            yield empty_row(frame)
        for face in faces:
            yield face_row(frame, face, threshold, correction_of(corrections, frame.time, face))


def face_row(
    frame: FrameRecord, face: FaceReading, threshold: float, correction: str = ""
) -> tuple[Value, ...]:
    """One face in one frame; `threshold`: see `FaceReading.answer`."""
    purified, pose, quality = face.purified, face.pose, face.quality
    distributions = (*face.probabilities, *face.calibrated, *purified.p)
    confidences = (purified.c_p, purified.c_g, purified.c_a, purified.c_t)
    return (
        frame.time, frame.id, face.face_id, *face.landmarks.box,
        *map(float, distributions), *map(float, confidences), face.answer(threshold),
        math.nan if face.reliability is None else face.reliability,
        "+".join(face.prediction_set), correction, pose.yaw, pose.pitch, pose.roll,
        float(quality.size), float(quality.sharpness), float(quality.brightness),
        frame.source_index, frame.source_time,
    )  # fmt: skip


def empty_row(frame: FrameRecord) -> tuple[Value, ...]:
    """A frame in which no face was found."""
    values: dict[str, Value] = dict.fromkeys(COLUMNS, math.nan)
    values.update(time=frame.time, frame=frame.id, face=0, label="", prediction_set="")
    values.update(correction="", source_frame=frame.source_index, source_time=frame.source_time)
    return tuple(values[name] for name in COLUMNS)


def correction_of(corrections: list[CorrectionRecord], time: float, face: FaceReading) -> str:
    """What a person said last about this face at this time; "" when nobody did."""
    for correction in reversed(corrections):
        if correction.covers(time, face.face_id):
            return correction.label
    return ""


def as_text(row: tuple[Value, ...]) -> list[str]:
    """The row as it stands in CSV and TSV files; what is not known is empty."""
    return [_text(name, value) for name, value in zip(COLUMNS, row, strict=True)]


def _text(name: str, value: Value) -> str:
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return ""
    if name in _SIGNIFICANT:
        return f"{value:.4g}"
    return f"{value:.{_DECIMALS.get(name, 6)}f}"
