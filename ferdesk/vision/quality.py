"""Head pose and picture quality of one face, as plain figures."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.types import FaceQuality, HeadPose

_OUTER_EYE_CORNERS: Final = (33, 263)
_LEAST_COSINE: Final = 0.25
"""Beyond about 75° of yaw the correction of the face size would be mostly noise."""
_YAW_SHARE: Final = 0.245
_PITCH_SHARE: Final = 0.36
"""MediaPipe fits a face seen without perspective with a camera that has it, so the line of sight
leaks into the matrix: moving one picture of a face about changes yaw and pitch by these shares
of its angle, whatever the face size and picture format (135 placements, residual 0.4° and 0.8°).
"""


def head_pose(transform: NDArray[np.float32]) -> HeadPose:
    """Angles in degrees from MediaPipe's (4, 4) transformation matrix.

    They do not depend on where in the picture the face is. Any matrix is accepted: scale and
    shear are removed, and one without a rotation in it (zeros, not finite) gives zeros.
    """
    matrix = np.asarray(transform, dtype=np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix[:3]).all():
        return HeadPose(0.0, 0.0, 0.0)
    left, strength, right = np.linalg.svd(matrix[:3, :3])
    if strength[2] <= 1e-6 * strength[0] or strength[0] <= 1e-12:
        return HeadPose(0.0, 0.0, 0.0)
    turn = np.diag((1.0, 1.0, np.sign(np.linalg.det(left @ right))))
    rotation = left @ turn @ right
    forward = rotation[:, 2]  # where the nose points; x right, y up, z towards the camera
    yaw = math.degrees(math.atan2(forward[0], forward[2]))
    pitch = math.degrees(math.asin(max(-1.0, min(1.0, float(forward[1])))))
    roll = -math.degrees(math.atan2(rotation[1, 0], rotation[1, 1]))
    sideways, upwards = _perspective_share(matrix[:3, 3], roll)
    return HeadPose(yaw=yaw - sideways, pitch=pitch - upwards, roll=roll)


def measure(
    points: NDArray[np.float32],
    pose: HeadPose,
    crop_rgb: NDArray[np.uint8],
    frame_shape: tuple[int, int],
) -> FaceQuality:
    """Figures for one face.

    `points` (478, 2 or 3) in pixels of the frame, `crop_rgb` the (112, 112, 3) uint8 RGB aligned
    crop, `frame_shape` height and width of the frame.
    """
    height, width = frame_shape
    x, y = points[:, 0], points[:, 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    first, second = (points[i, :2].astype(np.float64) for i in _OUTER_EYE_CORNERS)
    foreshortening = max(abs(math.cos(math.radians(pose.yaw))), _LEAST_COSINE)
    grey = cv2.cvtColor(crop_rgb, cv2.COLOR_RGB2GRAY)
    (mean,), (deviation,) = (v.ravel() for v in cv2.meanStdDev(grey))
    variance = float(deviation) ** 2
    edges = float(cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))[1].item()) ** 2
    return FaceQuality(
        size=float(np.hypot(*(second - first))) / foreshortening,
        # A crop of one colour has no edges to be sharp or blurred.
        sharpness=edges / variance if variance > 1e-3 else 0.0,
        brightness=float(mean) / 255,
        contrast=math.sqrt(variance) / 255,
        inside=float(inside.mean()),
    )


def _perspective_share(translation: NDArray[np.float64], roll: float) -> tuple[float, float]:
    """What the place in the picture adds to yaw and pitch, in degrees."""
    x, y, z = (float(value) for value in -translation)
    if z <= 0:  # not in front of the camera: nothing is known about the line of sight
        return 0.0, 0.0
    sideways = math.degrees(math.atan2(x, z))
    upwards = math.degrees(math.atan2(y, math.hypot(x, z)))
    # The shares belong to the axes of the face, which roll has turned in the picture.
    cosine, sine = math.cos(math.radians(-roll)), math.sin(math.radians(-roll))
    across = _YAW_SHARE * (cosine * sideways + sine * upwards)
    along = _PITCH_SHARE * (cosine * upwards - sine * sideways)
    return cosine * across - sine * along, sine * across + cosine * along
