"""The JSON messages of the WebSocket. docs/streams.md describes them; raise `VERSION` on change."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.vision.blendshapes import BLENDSHAPES

VERSION: Final = 1


def hello(source: str, version: str) -> str:
    """The first message to every receiver."""
    return _message(
        "hello", ferdesk=version, source=source, expressions=EXPRESSIONS, blendshapes=BLENDSHAPES
    )


def reading(of: Reading, threshold: float) -> str:
    """One reading with all of its faces; there may be none."""
    height, width = of.frame.image.shape[:2]
    return _message(
        "reading",
        frame=of.frame.index,
        captured=round(of.frame.captured_at, 6),
        media_time=None if of.frame.still else round(of.frame.media_time, 4),
        width=width,
        height=height,
        faces=[_face(face, threshold) for face in of.faces],
    )


def event(label: str, at: float) -> str:
    """Something that happened at `at` on the capture clock."""
    return _message("event", label=label, captured=round(at, 6))


def _face(face: FaceReading, threshold: float) -> dict[str, Any]:
    change = face.change
    return {
        "id": face.face_id,
        "label": face.answer(threshold),
        "probabilities": _rounded(face.probabilities, 6),
        "reliability": None if face.reliability is None else round(face.reliability, 4),
        "reason": face.reason,
        "prediction_set": face.prediction_set,
        "box": [round(value, 1) for value in face.landmarks.box],
        "pose": [round(value, 2) for value in (face.pose.yaw, face.pose.pitch, face.pose.roll)],
        "blendshapes": _rounded(face.landmarks.blendshapes, 4),
        "change": None if change is None else _rounded(change.log_probabilities, 4),
        "blendshapes_change": None if change is None else _rounded(change.blendshapes, 4),
    }


def _rounded(values: NDArray[np.float32], digits: int) -> list[float]:
    found: list[float] = values.astype(np.float64).round(digits).tolist()
    return found


def _message(kind: str, **content: Any) -> str:
    whole = {"type": kind, "version": VERSION, **content}
    return json.dumps(whole, allow_nan=False, separators=(",", ":"))
