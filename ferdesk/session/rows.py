"""A face of a reading as a row of the table `face`, and back: the same numbers both ways."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.purified import Purified
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.schema import SHOWN_COLUMNS
from ferdesk.vision.types import FaceLandmarks, FaceQuality, HeadPose

_STEPS: Final = 2048
"""Landmarks are kept in steps of 1/2048 of the face's width: a twentieth of a crop's pixel."""
_CORNERS: Final = np.tile([(-1.0, -1.0, 0.0), (1.0, 1.0, 0.0)], (239, 1)) * (_STEPS / 2)
_DISTRIBUTIONS: Final = ("final", "p", "t_g", "t_a", "t", "p_lm")
"""Of `Purified`; `p_lm` where the network has a landmark witness."""
_CONFIDENCES: Final = ("c_p", "c_g", "c_a", "c_t")
_QUALITIES: Final = tuple(f.name for f in fields(FaceQuality))
_EMBEDDING: Final = 128
_BLENDSHAPES: Final = 52

FACE_COLUMNS: Final = (
    "frame", "analysis", "face", "x", "y", "width", "height", "label", *SHOWN_COLUMNS,
    "reliability", "reason", "prediction_set", "calibrated", *_DISTRIBUTIONS, *_CONFIDENCES,
    "yaw", "pitch", "roll", *_QUALITIES, "transform", "blendshapes", "landmarks",
)  # fmt: skip
INSERT_FACE: Final = (
    f"INSERT INTO face ({', '.join(FACE_COLUMNS)}) VALUES ({', '.join('?' * len(FACE_COLUMNS))})"
)


def face_row(frame: int, analysis: int, face: FaceReading) -> tuple[Any, ...]:
    """The values of `FACE_COLUMNS`."""
    purified, quality, box = face.purified, face.quality, face.landmarks.box
    return (
        frame, analysis, face.face_id, *box, face.label, *map(float, face.probabilities),
        face.reliability, face.reason, "+".join(face.prediction_set), _floats(face.calibrated),
        *(_floats(getattr(purified, name)) for name in _DISTRIBUTIONS[:-1]),
        _floats(purified.p_lm) if float(purified.c_lm) > 0 else None,
        *(float(getattr(purified, name)) for name in _CONFIDENCES),
        face.pose.yaw, face.pose.pitch, face.pose.roll,
        *(float(getattr(quality, name)) for name in _QUALITIES),
        _floats(face.landmarks.transform),
        _halves(face.landmarks.blendshapes),
        pack_landmarks(face.landmarks.points, box),
    )  # fmt: skip


def face_reading(row: Mapping[str, Any]) -> FaceReading:
    """The face that was stored. What no session keeps (embedding, novelty) is NaN; the logits are
    log p, which has the same softmax."""
    box = (row["x"], row["y"], row["width"], row["height"])
    p = _array(row["p"])
    values: dict[str, Any] = {name: _array(row[name]) for name in _DISTRIBUTIONS}
    values.update({name: np.float32(row[name]) for name in _CONFIDENCES})
    values["logits"] = np.log(np.maximum(p, np.finfo(np.float32).tiny))
    values["embedding"] = np.full(_EMBEDDING, np.nan, np.float32)
    values["novelty"] = np.float32(np.nan)
    if row["p_lm"] is None:
        values["p_lm"] = np.full_like(p, 1 / len(p))
    values["c_lm"] = _confidence(values["p_lm"])
    transform, shapes = row["transform"], row["blendshapes"]
    return FaceReading(
        face_id=row["face"],
        landmarks=FaceLandmarks(
            points=unpack_landmarks(row["landmarks"], box),
            transform=np.full((4, 4), np.nan, np.float32)
            if transform is None
            else _array(transform).reshape(4, 4),
            blendshapes=np.full(_BLENDSHAPES, np.nan, np.float32)
            if shapes is None
            else np.frombuffer(shapes, "<f2").astype(np.float32),
        ),
        pose=HeadPose(row["yaw"], row["pitch"], row["roll"]),
        quality=FaceQuality(**{name: row[name] for name in _QUALITIES}),
        purified=Purified(**values),
        calibrated=_array(row["calibrated"]),
        probabilities=np.array([row[name] for name in SHOWN_COLUMNS], np.float32),
        reliability=row["reliability"],
        reason=row["reason"],
        prediction_set=tuple(filter(None, row["prediction_set"].split("+"))),
    )


def pack_landmarks(points: NDArray[np.float32], box: Sequence[float]) -> bytes:
    """(N, 3) x, y, z in pixels → zlib of int16, little endian: all x, then all y, then all z.

    Counted from the middle of the box, in steps of a 2048th of its width (x, z) or height (y), so
    that the outermost points, which make the box, come back exactly.
    """
    centre, step = _grid(box)
    whole = np.clip(np.rint((points - centre) / step), -32768, 32767).astype("<i2")
    return zlib.compress(np.ascontiguousarray(whole.T).tobytes(), 1)


def unpack_landmarks(blob: bytes | None, box: Sequence[float]) -> NDArray[np.float32]:
    """The inverse of `pack_landmarks`; where none were kept, the corners of the box."""
    centre, step = _grid(box)
    if blob is None:
        steps = _CORNERS
    else:
        steps = np.frombuffer(zlib.decompress(blob), "<i2").reshape(3, -1).T.astype(np.float64)
    return (steps * step + centre).astype(np.float32)


def _grid(box: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y, width, height = box
    step = np.maximum(np.array((width, height, width)), 1e-6) / _STEPS
    return np.array((x + width / 2, y + height / 2, 0.0)), step


def _confidence(distribution: NDArray[np.float32]) -> np.float32:
    """One minus the normalised entropy, as in `ferdesk.model.apcl`; not below 0."""
    q = distribution.astype(np.float64)
    entropy = -(q * np.log(np.maximum(q, 1e-8))).sum() / np.log(len(q))
    return np.float32(max(0.0, 1.0 - entropy))


def _floats(array: NDArray[np.float32] | None) -> bytes | None:
    return None if array is None else np.asarray(array, "<f4").tobytes()


def _halves(array: NDArray[np.float32] | None) -> bytes | None:
    return None if array is None else np.asarray(array, "<f2").tobytes()


def _array(blob: bytes | None) -> NDArray[np.float32]:
    return np.frombuffer(blob or b"", "<f4").astype(np.float32)
