"""The tilted square round a face that MediaPipe's landmark model looks at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.types import Box, box_of

if TYPE_CHECKING:
    from ferdesk.vision.detector import Detection

MODEL_SIZE: Final = 256
"""Side of the picture that the landmark model takes."""

_EYE_CORNERS: Final = (33, 263)
"""Outer ones: the line between them is level in the square."""
_SCALE: Final = 1.5
"""Its side over the longer side of the box, so that the face may move on."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square of a picture, in pixels from the picture's upper left corner.

    Source: `ConfigureFaceDetectionsToRectsCalculator` and
    `ConfigureFaceRectTransformationCalculator` in MediaPipe's face landmarker, which treats a face
    that is followed and one that was detected alike.
    """

    x: float
    """Of its centre."""
    y: float
    side: float
    angle: float
    """Radians, clockwise in the picture."""

    @classmethod
    def of(cls, points: NDArray[np.floating]) -> Self:
        """Where to look for a face whose landmarks (478, 2 or more) lay at `points` in pixels."""
        first, second = (points[corner] for corner in _EYE_CORNERS)
        return cls._round(box_of(points), first, second)

    @classmethod
    def of_detection(cls, found: Detection) -> Self:
        """Where to look for the landmarks of a face that the detector found."""
        return cls._round(found.box, *found.eyes)

    @classmethod
    def _round(cls, box: Box, first: Any, second: Any) -> Self:
        """Round the box; the line from the first to the second eye is level in it."""
        left, top, width, height = box
        angle = math.atan2(second[1] - first[1], second[0] - first[0])
        return cls(left + width / 2, top + height / 2, _SCALE * max(width, height), angle)

    @property
    def _to_picture(self) -> NDArray[np.float64]:
        """(2, 3) from coordinates in the model's picture to those in the whole one."""
        scale = self.side / MODEL_SIZE
        cos, sin = scale * math.cos(self.angle), scale * math.sin(self.angle)
        half = MODEL_SIZE / 2
        return np.array(
            [
                (cos, -sin, self.x - (cos - sin) * half),
                (sin, cos, self.y - (sin + cos) * half),
            ]
        )

    def cut(self, rgb: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Write the square of an (H, W, 3) uint8 picture into `out`, (256, 256, 3) uint8.

        As MediaPipe does: sampled bilinearly, counted from pixel centres in both, and what lies
        outside the picture repeats its border.
        """
        cv2.warpAffine(
            rgb,
            self._to_picture,
            (MODEL_SIZE, MODEL_SIZE),
            dst=out,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def placed(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """(N, 3) points in the model's picture -> x, y in pixels of the whole one, z in the same
        scale."""
        matrix = self._to_picture
        out = np.empty(points.shape)
        out[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        out[:, 2] = points[:, 2] * (self.side / MODEL_SIZE)
        return out
