"""Plain values that vision hands on. Importing this loads neither mediapipe nor cv2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels."""


def box_of(points: NDArray[np.floating]) -> Box:
    """x, y, width, height of the box round landmarks (N, 2 or more) in pixels."""
    # Column by column: with `axis=0` it takes four times as long, and it is asked for often.
    x, y = points[:, 0], points[:, 1]
    left, top = x.min(), y.min()
    return float(left), float(top), float(x.max() - left), float(y.max() - top)


@dataclass(frozen=True, slots=True, eq=False)
class FaceLandmarks:
    """One face as MediaPipe found it."""

    points: NDArray[np.float32]
    """(478, 3) x, y in pixels of the frame (x right, y down); z in the same scale, near < 0."""
    transform: NDArray[np.float32]
    """(4, 4) facial transformation: canonical face in cm -> camera (x right, y up, z back)."""
    blendshapes: NDArray[np.float32]
    """(52,) scores in 0..1, in the order of `blendshapes.BLENDSHAPES`."""

    @property
    def box(self) -> Box:
        """x, y, width, height in pixels: tight round the landmarks, so it may leave the frame."""
        return box_of(self.points)

    def complete(self) -> FaceLandmarks:
        """See `SeenFace`."""
        return self


class SeenFace(Protocol):
    """A face whose landmarks are known, while its blendshapes may still be computed."""

    @property
    def points(self) -> NDArray[np.float32]:
        """See `FaceLandmarks`."""
        ...

    @property
    def box(self) -> Box:
        """See `FaceLandmarks`."""
        ...

    def complete(self) -> FaceLandmarks:
        """All of it; waits for the blendshapes. Before the next frame, or never."""
        ...


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees. All zero for a face that looks into the camera."""

    yaw: float
    """> 0: the face turns towards the right edge of the picture."""
    pitch: float
    """> 0: the face looks up."""
    roll: float
    """> 0: the head is tilted clockwise in the picture."""


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How well this face can be seen. Measured, not judged: thresholds live where they are used."""

    size: float
    """Distance between the outer eye corners, in pixels, corrected for yaw."""
    sharpness: float
    """Variance of the Laplacian of the grey 112 px crop over its variance; more is sharper."""
    brightness: float
    """Mean grey value of the crop, 0..1."""
    contrast: float
    """Standard deviation of the grey crop, 0..0.5."""
    inside: float
    """Share of the landmarks that lie within the frame, 0..1."""
