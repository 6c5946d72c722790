"""MediaPipe's face detector alone: where faces are, at a fifth of the price of their landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.task import Task, contiguous, read_part
from ferdesk.vision.types import Box

_DETECTOR: Final = "face_detector.tflite"
"""In the landmarker's own model file, so that both find the same faces."""
_LEAST_SCORE: Final = 0.5
_EYES: Final = (0, 1)
"""Of the keypoints: the one that is left in the picture of an upright face, and the other."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One place that looks like a face."""

    box: Box
    """x, y, width, height in pixels, brows to chin; may leave the picture."""
    score: float
    """0.5 to 1."""
    eyes: tuple[tuple[float, float], tuple[float, float]]
    """x, y in pixels; the first is left in the picture of an upright face."""

    def moved(self, left: int, top: int) -> Self:
        """The same, for a part of a picture that begins at `left` and `top` of the whole."""
        x, y, width, height = self.box
        first, second = ((across + left, down + top) for across, down in self.eyes)
        return type(self)((x + left, y + top, width, height), self.score, (first, second))


class Detector(Task):
    """Finds boxes of faces at least an eighth as wide as the picture. Each picture for itself."""

    def __init__(self) -> None:
        """Raises FerdeskError when the model file is missing, altered or cannot be started."""
        model = _model()

        def create() -> Any:
            from mediapipe.tasks.python import vision
            from mediapipe.tasks.python.core.base_options import BaseOptions

            options = vision.FaceDetectorOptions(
                base_options=BaseOptions(
                    model_asset_buffer=model, delegate=BaseOptions.Delegate.CPU
                ),
                running_mode=vision.RunningMode.IMAGE,
                min_detection_confidence=_LEAST_SCORE,
            )
            return vision.FaceDetector.create_from_options(options)

        super().__init__(create)

    def detect(self, rgb: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Faces in one (H, W, 3) uint8 RGB picture with any strides, in no particular order.

        Raises FerdeskError for another shape or type, and RuntimeError once closed.
        """
        picture = contiguous(rgb)
        from mediapipe import Image, ImageFormat

        with self._opened() as task:
            found = task.detect(Image(image_format=ImageFormat.SRGB, data=picture)).detections
        return tuple(_detection(each, *picture.shape[:2]) for each in found)


def _detection(found: Any, height: int, width: int) -> Detection:
    box = found.bounding_box
    first, second = (
        (float(found.keypoints[i].x * width), float(found.keypoints[i].y * height)) for i in _EYES
    )
    return Detection(
        (float(box.origin_x), float(box.origin_y), float(box.width), float(box.height)),
        float(found.categories[0].score),
        (first, second),
    )


@cache
def _model() -> bytes:
    return read_part(_DETECTOR)
