"""What cameras, light and life do to a face, one fault at a time, on aligned crops.

For fitting and for reporting, not for training: the strengths are fixed here so that two
checkpoints meet the same faults. Seeded picture by picture; the order of a set does not matter.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.uint8]

_EYES = (0.27, 0.47)
_MOUTH = (0.62, 0.86)
"""Rows of the crop that a bar covers, as shares of its height (eyes at 0.37, mouth at 0.73)."""


def _clip(values: NDArray[np.floating]) -> Crop:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _blur(crop: Crop, chance: np.random.Generator) -> Crop:
    sigma = chance.uniform(2.0, 4.0)
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _dark(crop: Crop, chance: np.random.Generator) -> Crop:
    grain = chance.normal(0.0, 4.0, crop.shape[:2])[..., None]
    return _clip(crop * chance.uniform(0.1, 0.3) + grain)


def _flat(crop: Crop, chance: np.random.Generator) -> Crop:
    mean = crop.mean()
    return _clip((crop - mean) * chance.uniform(0.2, 0.4) + mean)


def small_edge(chance: np.random.Generator) -> int:
    """Pixels across the whole crop that a face far from the camera has left."""
    return int(chance.integers(14, 29))


def _small(crop: Crop, chance: np.random.Generator) -> Crop:
    edge = small_edge(chance)
    coarse = cv2.resize(crop, (edge, edge), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _jpeg(crop: Crop, chance: np.random.Generator) -> Crop:
    quality = int(chance.integers(5, 16))
    data = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def _noise(crop: Crop, chance: np.random.Generator) -> Crop:
    return _clip(crop + chance.normal(0.0, chance.uniform(15.0, 30.0), crop.shape))


def _bar(rows: tuple[float, float]) -> Callable[[Crop, np.random.Generator], Crop]:
    def cover(crop: Crop, chance: np.random.Generator) -> Crop:
        out = crop.copy()
        top, bottom = (round(share * crop.shape[0]) for share in rows)
        out[top:bottom] = np.uint8(chance.integers(0, 256))
        return out

    return cover


def rotate(crop: Crop, degrees: float) -> Crop:
    """Turned about its centre, > 0 anticlockwise; borders repeat."""
    height, width = crop.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    turned = cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def _rotate(crop: Crop, chance: np.random.Generator) -> Crop:
    return rotate(crop, 15.0 * float(chance.choice((-1, 1))))


def grey(crop: Crop, _chance: np.random.Generator | None = None) -> Crop:
    """Luma three times."""
    return np.asarray(
        cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8
    )


DEGRADATIONS: dict[str, Callable[[Crop, np.random.Generator], Crop]] = {
    "blur": _blur,
    "low light": _dark,
    "low contrast": _flat,
    "small": _small,
    "JPEG": _jpeg,
    "noise": _noise,
    "eyes covered": _bar(_EYES),
    "mouth covered": _bar(_MOUTH),
    "rotated 15°": _rotate,
    "grey": grey,
}


def chance_for(kind: str, index: int, seed: int) -> np.random.Generator:
    """The generator of one picture under one fault."""
    return np.random.default_rng((seed, list(DEGRADATIONS).index(kind), index))


def degrade(crops: NDArray[np.uint8], kind: str, seed: int = 0) -> NDArray[np.uint8]:
    """(N, S, S, 3) uint8 RGB → the same under the fault `kind`, a key of `DEGRADATIONS`."""
    change = DEGRADATIONS[kind]
    out = np.empty(crops.shape, np.uint8)
    for i in range(len(crops)):
        out[i] = change(np.asarray(crops[i]), chance_for(kind, i, seed))
    return out
