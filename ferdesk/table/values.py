"""A face's values in the columns of the table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ferdesk.pipeline.types import FaceReading
from ferdesk.table.columns import BLENDSHAPE_COLUMNS, CHANGE_COLUMNS, COLUMNS, distribution

Value = str | int | float


def face_values(face: FaceReading, threshold: float) -> dict[str, Value]:
    """Every column that says something about the face; `threshold`: see `FaceReading.answer`."""
    purified, pose, quality = face.purified, face.pose, face.quality
    values: dict[str, Value] = {
        "face": face.face_id,
        "label": face.answer(threshold),
        "reliability": math.nan if face.reliability is None else face.reliability,
        "reason": face.reason,
        "prediction_set": "+".join(face.prediction_set),
        "c_p": float(purified.c_p),
        "c_g": float(purified.c_g),
        "c_a": float(purified.c_a),
        "c_t": float(purified.c_t),
        "c_lm": float(purified.c_lm),
        "yaw": pose.yaw,
        "pitch": pose.pitch,
        "roll": pose.roll,
        "size": quality.size,
        "sharpness": quality.sharpness,
        "brightness": quality.brightness,
        "contrast": quality.contrast,
        "inside": quality.inside,
    }
    values.update(zip(("x", "y", "width", "height"), face.landmarks.box, strict=True))
    for name, found in (
        ("probability", face.probabilities),
        ("calibrated", face.calibrated),
        *((name, getattr(purified, name)) for name in ("p", "t_g", "t_a", "t", "p_lm", "final")),
    ):
        values.update(zip(distribution(name), map(float, found), strict=True))
    values.update(zip(BLENDSHAPE_COLUMNS, map(float, face.landmarks.blendshapes), strict=True))
    if face.change is not None:
        logs, scores = face.change.log_probabilities, face.change.blendshapes
        values.update(zip(distribution("change"), map(float, logs), strict=True))
        values.update(zip(CHANGE_COLUMNS, map(float, scores), strict=True))
    return values


def row(names: Sequence[str], values: Mapping[str, Any]) -> tuple[Value, ...]:
    """The values of these columns; what is not among them is NaN, 0 or ""."""
    return tuple(values.get(name, _MISSING[COLUMNS[name].kind]) for name in names)


_MISSING: dict[str, Value] = {"text": "", "count": 0, "number": math.nan}
