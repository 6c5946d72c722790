"""From faces to what the streams of a network take, in numpy: `network.Preprocess` without torch.

A compiled model of its own takes several times as long for so little. Whoever uses this compares
the network's answers with torch's first (`probe`), so the two cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.config import TAKES_PICTURES, ArchitectureConfig, Preprocessing
from ferdesk.model.face_geometry import PRESENT

LUMA: Final = (0.299, 0.587, 0.114)
"""Of R, G and B (ITU-R 601)."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Makes the inputs of one network. Nothing in them depends on the other faces of a batch."""

    config: ArchitectureConfig
    spec: Preprocessing
    standard: tuple[Floats, Floats] | None
    """Mean and spread, (PRESENT,) each, of the training faces' geometry; None where the network
    takes none."""

    def __call__(self, crops: NDArray[np.uint8], geometry: Floats) -> tuple[Floats, ...]:
        """(B, S, S, 3) uint8 RGB, (B, GEOMETRY_SIZE) float32 → contiguous float32 of B faces.

        In the order of `network.Preprocess`: the image stream's picture (B, 3, image_size,
        image_size); the landmark stream's, where it sees one; the standardised geometry, where the
        network takes it.
        """
        spec = self.spec
        planes = _shrunk(self._planes(crops), spec.detail)
        image = np.broadcast_to(
            _resized(planes, self.config.image_size),
            (len(crops), 3, self.config.image_size, self.config.image_size),
        )
        made = [(image - _column(spec.image_mean)) / _column(spec.image_std)]
        if self.config.landmark_backbone in TAKES_PICTURES:
            size = self.config.landmark_size
            seen = _resized(planes, size) / np.float32(255.0)
            made.append(np.broadcast_to(seen, (len(crops), 3, size, size)))
        if self.standard is not None:
            mean, spread = self.standard
            present = geometry[:, PRESENT:]
            known = (geometry[:, :PRESENT] - mean) / spread * present
            made.append(np.concatenate([known, present], axis=1))
        return tuple(np.ascontiguousarray(array) for array in made)

    def _planes(self, crops: NDArray[np.uint8]) -> Floats:
        """(B, 3, S, S) of colours, or (B, 1, S, S) of grey values."""
        if not self.spec.grayscale:
            return crops.transpose(0, 3, 1, 2).astype(np.float32, order="C")
        red, green, blue = (crops[..., i] * np.float32(LUMA[i]) for i in range(3))
        grey: Floats = (red + green + blue)[:, None]
        return grey


def _column(values: tuple[float, float, float]) -> Floats:
    return np.array(values, np.float32).reshape(3, 1, 1)


def _shrunk(planes: Floats, edge: int) -> Floats:
    """Each pixel the mean of what it covers; `edge` 0 leaves the picture as it is."""
    step = planes.shape[-1] // edge if edge else 1
    if step <= 1:
        return planes
    parts = [planes[..., i::step, j::step] for i in range(step) for j in range(step)]
    size = planes.shape[-1] // step
    mean: Floats = np.mean([part[..., :size, :size] for part in parts], axis=0, dtype=np.float32)
    return mean


def _resized(planes: Floats, size: int) -> Floats:
    """Bilinear, pixels as areas, as torch has it (`align_corners` False, no antialiasing)."""
    for axis in (-2, -1):
        length = planes.shape[axis]
        if length != size:
            low, high, weight = _places(length, size)
            if axis == -2:
                weight = weight[:, None]
            planes = planes.take(low, axis) * (1 - weight) + planes.take(high, axis) * weight
    return planes


@lru_cache(maxsize=8)
def _places(length: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Two neighbours of each new pixel among the old ones, and the weight of the second."""
    at = np.clip((np.arange(size) + 0.5) * (length / size) - 0.5, 0, None)
    low = at.astype(np.intp)
    return low, np.minimum(low + 1, length - 1), (at - low).astype(np.float32)
