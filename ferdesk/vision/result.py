"""What MediaPipe's landmarker found, as arrays.

Its Python objects, one per landmark, take an eighth of the time of a whole call and keep other
threads waiting. So the C structures beneath them are read where this version of MediaPipe has the
ones known here; the public objects say the same.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FoundFace:
    """One face of one picture, as MediaPipe counts."""

    points: NDArray[np.float32]
    """(478, 3): x and z as shares of the picture's width, y of its height."""
    transform: NDArray[np.float32]
    """(4, 4) from the canonical face to the camera."""
    blendshapes: NDArray[np.float32]
    """(52,) scores in 0..1."""


def find(task: Any, image: Any, timestamp_ms: int | None) -> tuple[FoundFace, ...]:
    """Faces in a `mediapipe.Image`; `timestamp_ms` in mode "video", None in mode "image"."""
    if _known(task, image):
        return _from_memory(task, image, timestamp_ms)
    if timestamp_ms is None:
        result = task.detect(image)
    else:
        result = task.detect_for_video(image, timestamp_ms)
    return tuple(
        FoundFace(
            np.array([(p.x, p.y, p.z) for p in face], np.float32),
            np.array(transform, np.float32),
            np.array([shape.score for shape in shapes], np.float32),
        )
        for face, transform, shapes in zip(
            result.face_landmarks,
            result.facial_transformation_matrixes,
            result.face_blendshapes,
            strict=True,
        )
    )


def _known(task: Any, image: Any) -> bool:
    from mediapipe.tasks.python.vision import face_landmarker

    library = getattr(task, "_lib", None)
    calls = ("MpFaceLandmarkerDetectForVideo", "MpFaceLandmarkerDetectImage")
    return (
        all(hasattr(library, call) for call in (*calls, "MpFaceLandmarkerCloseResult"))
        and hasattr(task, "_handle")
        and hasattr(image, "_image_ptr")
        and hasattr(face_landmarker, "MpFaceLandmarkerResultC")
    )


def _from_memory(task: Any, image: Any, timestamp_ms: int | None) -> tuple[FoundFace, ...]:
    from mediapipe.tasks.python.vision.face_landmarker import MpFaceLandmarkerResultC

    result = MpFaceLandmarkerResultC()
    place = ctypes.byref(result)
    if timestamp_ms is None:
        task._lib.MpFaceLandmarkerDetectImage(task._handle, image._image_ptr, None, place)
    else:
        task._lib.MpFaceLandmarkerDetectForVideo(
            task._handle, image._image_ptr, None, timestamp_ms, place
        )
    try:
        return tuple(_faces(result))
    finally:
        task._lib.MpFaceLandmarkerCloseResult(place)


def _faces(result: Any) -> Iterator[FoundFace]:
    """Copies, because MediaPipe frees its own."""
    for i in range(result.face_landmarks_count):
        face, shapes = result.face_landmarks[i], result.face_blendshapes[i]
        yield FoundFace(
            _columns(face.landmarks, face.landmarks_count, ("x", "y", "z")),
            np.array(result.facial_transformation_matrixes[i].to_numpy(), np.float32),
            _columns(shapes.categories, shapes.categories_count, ("score",))[:, 0],
        )


def _columns(first: Any, count: int, names: tuple[str, ...]) -> NDArray[np.float32]:
    """(count, len(names)) of the float fields of an array of C structures."""
    kind = type(first.contents)
    layout = np.dtype(
        {
            "names": list(names),
            "formats": [np.float32] * len(names),
            "offsets": [getattr(kind, name).offset for name in names],
            "itemsize": ctypes.sizeof(kind),
        }
    )
    memory: Any = (ctypes.c_char * (ctypes.sizeof(kind) * count)).from_address(
        ctypes.addressof(first.contents)
    )
    table = np.frombuffer(memory, layout)
    return np.stack([table[name] for name in names], axis=1)
