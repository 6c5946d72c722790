"""Landmarks that come with a picture, as `ferdesk export --corrections` writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.face_geometry import NUM_BLENDSHAPES
from ferdesk.model.face_regions import NUM_LANDMARKS
from ferdesk.vision.types import FaceLandmarks
from trainer.files import read_arrays

_SHAPES = {"points": (NUM_LANDMARKS, 3), "blendshapes": (NUM_BLENDSHAPES,), "transform": (4, 4)}


def read_landmarks(path: Path) -> FaceLandmarks:
    """An .npz file of float32 `points` (478, 3) in pixels of the frame that the crop was cut from,
    `blendshapes` (52,) and `transform` (4, 4). FerdeskError when it is missing or another file."""
    try:
        found = read_arrays(path)
        arrays = {name: _array(found[name], shape) for name, shape in _SHAPES.items()}
    except (OSError, ValueError, KeyError) as error:
        raise FerdeskError(
            f"The landmarks '{path}' cannot be read ({error}); export the corrections again, or "
            "take the column 'landmarks' out of the manifest."
        ) from error
    return FaceLandmarks(arrays["points"], arrays["transform"], arrays["blendshapes"])


def _array(values: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.float32]:
    if values.shape != shape or values.dtype.kind != "f":
        raise ValueError(f"numbers of shape {values.shape} instead of {shape}")
    found = values.astype(np.float32)
    if not np.isfinite(found).all():
        raise ValueError("numbers that are not finite")
    return found
