"""The JSON messages of the WebSocket. docs/streams.md describes them; raise `VERSION` on change."""

from __future__ import annotations

import json
from functools import lru_cache
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
    frame = of.frame
    height, width = frame.image.shape[:2]
    media_time = "null" if frame.still else f"{frame.media_time:.4f}"
    faces = ",".join([_face(face, threshold) for face in of.faces])
    return (
        f'{{"type":"reading","version":{VERSION},"frame":{frame.index},'
        f'"captured":{frame.captured_at:.6f},"media_time":{media_time},'
        f'"width":{width},"height":{height},"faces":[{faces}]}}'
    )


def event(label: str, at: float) -> str:
    """Something that happened at `at` on the capture clock."""
    return _message("event", label=label, captured=round(at, 6))


# Per reading the text is put together by hand: numbers by their format, names that need no escapes.
# The json module would first need every array rounded and as a list, and takes three times as long.


def _face(face: FaceReading, threshold: float) -> str:
    pose, change = face.pose, face.change
    reliability = "null" if face.reliability is None else f"{face.reliability:.4f}"
    reason = json.dumps(face.reason) if face.reason else '""'
    possible = ",".join([f'"{name}"' for name in face.prediction_set])
    x, y, width, height = face.landmarks.box
    logs = "null" if change is None else _numbers(change.log_probabilities, 4)
    moved = "null" if change is None else _numbers(change.blendshapes, 4)
    return (
        f'{{"id":{face.face_id},"label":"{face.answer(threshold)}",'
        f'"probabilities":{_numbers(face.probabilities, 6)},"reliability":{reliability},'
        f'"reason":{reason},"prediction_set":[{possible}],'
        f'"box":[{x:.1f},{y:.1f},{width:.1f},{height:.1f}],'
        f'"pose":[{pose.yaw:.2f},{pose.pitch:.2f},{pose.roll:.2f}],'
        f'"blendshapes":{_numbers(face.landmarks.blendshapes, 4)},'
        f'"change":{logs},"blendshapes_change":{moved}}}'
    )


def _numbers(values: NDArray[np.float32], digits: int) -> str:
    """A list of JSON; what is not known is null."""
    return (_pattern(len(values), digits) % tuple(values.tolist())).replace("nan", "null")


@lru_cache(maxsize=16)
def _pattern(count: int, digits: int) -> str:
    return f"[{','.join([f'%.{digits}f'] * count)}]"


def _message(kind: str, **content: Any) -> str:
    whole = {"type": kind, "version": VERSION, **content}
    return json.dumps(whole, allow_nan=False, separators=(",", ":"))
