"""One face's shape as the network takes it: normalised landmarks, blendshapes, whether it has any.

numpy only. The application and the trainer both make it with :func:`face_geometry`, so the network
meets the same numbers in both.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.face_regions import (
    MIRRORED_BLENDSHAPES,
    MIRRORED_LANDMARKS,
    NUM_LANDMARKS,
)

NUM_BLENDSHAPES: Final = 52
LANDMARKS: Final = slice(0, 3 * NUM_LANDMARKS)
BLENDSHAPES: Final = slice(3 * NUM_LANDMARKS, 3 * NUM_LANDMARKS + NUM_BLENDSHAPES)
PRESENT: Final = 3 * NUM_LANDMARKS + NUM_BLENDSHAPES
"""Where a face's vector says whether it has landmarks: 1.0, or 0.0 and all else 0 too."""
GEOMETRY_SIZE: Final = PRESENT + 1

EYE_CORNERS: Final = ((33, 133), (362, 263))
"""Outer and inner corner of the right eye, inner and outer of the left one."""


def normalised(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(478, 3) landmarks without place, tilt in the picture and size.

    The origin lies between the eyes, whose centres (means of the corners, so that a blink moves
    nothing) are level; the unit is the distance between those centres in three dimensions, which
    turning the head does not shorten. x right, y down, z away from the camera. Raises ValueError
    for landmarks that are not finite or all in one place.
    """
    flat = np.asarray(points, np.float64)
    right, left = (flat[list(corners)].mean(axis=0) for corners in EYE_CORNERS)
    across = left - right
    unit = float(np.linalg.norm(across))
    level = float(np.hypot(across[0], across[1]))
    if not np.isfinite(flat).all() or unit < 1e-9 or level < 1e-9:
        raise ValueError("the landmarks are not finite or all in one place")
    cos, sin = across[0] / level, across[1] / level
    turn = np.array([(cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)])
    out: NDArray[np.float64] = (flat - (right + left) / 2) @ turn / unit
    return out


def face_geometry(
    points: NDArray[np.floating], blendshapes: NDArray[np.floating]
) -> NDArray[np.float32]:
    """(GEOMETRY_SIZE,) float32 of one face: (478, 3) landmarks in pixels, (52,) scores in 0..1."""
    out = np.ones(GEOMETRY_SIZE, np.float32)
    out[LANDMARKS] = normalised(points).ravel()
    out[BLENDSHAPES] = blendshapes
    return out


def mirrored(geometry: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B, GEOMETRY_SIZE) of the mirrored pictures; faces without landmarks stay without."""
    points = geometry[:, LANDMARKS].reshape(-1, NUM_LANDMARKS, 3)[:, list(MIRRORED_LANDMARKS)]
    out = geometry.copy()
    out[:, LANDMARKS] = (points * np.array((-1, 1, 1), np.float32)).reshape(len(geometry), -1)
    out[:, BLENDSHAPES] = geometry[:, BLENDSHAPES][:, list(MIRRORED_BLENDSHAPES)]
    return out


def no_geometry(faces: int) -> NDArray[np.float32]:
    """(faces, GEOMETRY_SIZE) float32 of faces without landmarks."""
    return np.zeros((faces, GEOMETRY_SIZE), np.float32)
