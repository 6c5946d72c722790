"""The aligned crop. Training, the window and batch runs all cut faces with this one function."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_SIZE: Final = 112
"""Side of the crop in pixels."""

ANCHORS: Final[tuple[tuple[int, ...], ...]] = (
    (33, 133),
    (263, 362),
    (1, 4),
    (61, 78),
    (291, 308),
)
"""MediaPipe indices averaged to: left and right eye, nose tip, left and right mouth corner.

Left and right are those of the picture. The eyes are the means of their corners and not of their
lids, so that a blink does not move the crop.
"""

TEMPLATE: Final[NDArray[np.float64]] = np.array(
    [(0.315, 0.37), (0.685, 0.37), (0.50, 0.555), (0.351, 0.728), (0.649, 0.728)]
)
"""(5, 2) where the anchors go in a unit square: as tight as the FER pictures are framed.

Brows and mouth lie well inside; the tip of the chin touches the lower edge.
"""


def anchor_points(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(5, 2) x, y of the anchors of one face; `points` is (478, 2 or 3) in pixels."""
    if points.ndim != 2 or points.shape[0] < 468 or points.shape[1] not in (2, 3):
        raise ValueError(f"expected landmarks of shape (478, 2 or 3), got {points.shape}")
    flat = points[:, :2].astype(np.float64)
    return np.array([flat[list(group)].mean(axis=0) for group in ANCHORS])


def crop_transform(points: NDArray[np.float32], size: int = CROP_SIZE) -> NDArray[np.float64]:
    """(2, 3) similarity from frame to crop coordinates, for landmarks (478, 2 or 3) in pixels.

    The least-squares fit of the five anchors to the template, without reflection. Coordinates
    are continuous: 0 is the outer edge of the first pixel, its centre is 0.5. Raises ValueError
    for landmarks that are not finite or all in one place.
    """
    source = anchor_points(points)
    target = TEMPLATE * size
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    x, y = (source - source_mean).T
    u, v = (target - target_mean).T
    spread = float((x * x + y * y).sum())
    if not math.isfinite(spread) or spread < 1e-9:
        raise ValueError("the landmarks are not finite or all in one place")
    # In two dimensions Umeyama's solution has a closed form: a rotation and a scale are one
    # complex factor, so no reflection can come out of it.
    a = float((x * u + y * v).sum()) / spread
    b = float((x * v - y * u).sum()) / spread
    linear = np.array([(a, -b), (b, a)])
    return np.column_stack((linear, target_mean - linear @ source_mean))


def align_face(
    image: NDArray[np.uint8], points: NDArray[np.float32], size: int = CROP_SIZE
) -> NDArray[np.uint8]:
    """Cut one upright face: (size, size, 3) uint8 in the colour order of `image`.

    `image` is (H, W, 3) uint8 with any strides, `points` (478, 2 or 3) in its pixels. What lies
    outside the frame repeats its border. Every crop pixel averages the area it covers, so a
    large face does not alias. Raises ValueError for other shapes or types.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"expected (H, W, 3) uint8, got {image.shape} {image.dtype}")
    matrix = crop_transform(points, size)
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale < 1 / _MAX_FINE:
        image, matrix = _shrink(image, matrix, size, scale * 2)
        scale = 0.5
    # Bilinear sampling is only right where it shrinks little: otherwise sample a grid `fine` times
    # as dense as the crop, then average whole blocks of it.
    fine = max(1, math.ceil(1 / (_REACH * scale) - 1e-3))
    matrix = matrix * fine
    # warpAffine counts from pixel centres, the landmarks from pixel edges.
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    warped = cv2.warpAffine(
        image,
        matrix,
        (size * fine, size * fine),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if fine > 1:
        warped = cv2.resize(warped, (size, size), interpolation=cv2.INTER_AREA)
    return _as_uint8(warped)


_REACH: Final = 2.2
"""Pixels of the picture that one bilinear sample may stand for; its two taps cover about two."""
_MAX_FINE: Final = 3
"""Where averaging a dense grid becomes dearer than shrinking the face's part of the picture."""


def _shrink(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: int, factor: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the picture under the crop, scaled by `factor` < 1, and its own transform."""
    height, width = image.shape[:2]
    inverse = np.linalg.inv(matrix[:, :2])
    corners = np.array([(0, 0), (size, 0), (0, size), (size, size)], dtype=np.float64)
    corners = (corners - matrix[:, 2]) @ inverse.T
    margin = 2 / factor
    # Clipping at the frame keeps its border last in the part, where it is still repeated.
    left, top = np.clip(np.floor(corners.min(0) - margin), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(
        np.ceil(corners.max(0) + margin), (left + 1, top + 1), (width, height)
    ).astype(int)
    part = image[top:bottom, left:right]
    wide, high = right - left, bottom - top
    target = (max(1, round(wide * factor)), max(1, round(high * factor)))
    small = cv2.resize(part, target, interpolation=cv2.INTER_AREA)
    to_frame = np.array(
        [(wide / target[0], 0, left), (0, high / target[1], top), (0, 0, 1)], dtype=np.float64
    )
    return _as_uint8(small), matrix @ to_frame


def _as_uint8(image: object) -> NDArray[np.uint8]:
    return np.asarray(image, dtype=np.uint8)
