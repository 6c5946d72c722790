"""Pictures that are no photographs of a face: drawn, inverted, bent, covered, put together wrongly.

Made from aligned crops, like the faults, but no label of theirs counts as right: whatever the
network answers, it has seen nothing like them. A fitted measure is fitted on some kinds and judged
by the others, which resemble them as little as possible.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.uint8]
Change = Callable[[Crop, np.random.Generator], Crop]

_LINES: Final = 3
"""Pieces per side of a jigsaw."""


def _remapped(crop: Crop, x: NDArray[np.floating], y: NDArray[np.floating]) -> Crop:
    maps = x.astype(np.float32), y.astype(np.float32)
    return np.asarray(
        cv2.remap(crop, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8
    )


def _grid(crop: Crop) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[0 : crop.shape[0], 0 : crop.shape[1]].astype(np.float64)
    return x, y


def _polar(crop: Crop, chance: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Distance from a centre near the nose, as a share of the edge; angle; the centre."""
    x, y = _grid(crop)
    edge = crop.shape[0]
    middle = edge * (0.5 + chance.uniform(-0.08, 0.08, 2))
    right, down = x - middle[0], y - middle[1]
    return np.hypot(right, down) / edge, np.arctan2(down, right), middle


def _back(crop: Crop, far: NDArray[np.float64], angle: NDArray[np.float64],
          middle: NDArray[np.float64]) -> Crop:  # fmt: skip
    edge = crop.shape[0]
    return _remapped(
        crop, middle[0] + far * edge * np.cos(angle), middle[1] + far * edge * np.sin(angle)
    )


def _negative(crop: Crop, _chance: np.random.Generator) -> Crop:
    return np.asarray(255 - crop, np.uint8)


def _pencil(crop: Crop, chance: np.random.Generator) -> Crop:
    drawn = cv2.pencilSketch(
        crop, sigma_s=float(chance.uniform(20, 60)), sigma_r=0.07, shade_factor=0.05
    )[0]
    return np.asarray(cv2.cvtColor(drawn, cv2.COLOR_GRAY2RGB), np.uint8)


def _painting(crop: Crop, chance: np.random.Generator) -> Crop:
    return np.asarray(
        cv2.stylization(crop, sigma_s=60, sigma_r=float(chance.uniform(0.35, 0.55))), np.uint8
    )


def _ink(crop: Crop, chance: np.random.Generator) -> Crop:
    """Black lines on white."""
    luma = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    size = int(chance.choice((9, 13, 17)))
    lines = cv2.adaptiveThreshold(
        luma, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, size, float(chance.uniform(3, 6))
    )
    return np.asarray(cv2.cvtColor(lines, cv2.COLOR_GRAY2RGB), np.uint8)


def _stencil(crop: Crop, chance: np.random.Generator) -> Crop:
    """Few tones, as in a print."""
    luma = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (0, 0), 1.5)
    levels = int(chance.integers(2, 4))
    cuts = np.quantile(luma, np.linspace(0, 1, levels + 1)[1:-1])
    tones = np.linspace(0, 255, levels)[np.searchsorted(cuts, luma)]
    return np.repeat(tones[..., None].astype(np.uint8), 3, axis=2)


def _cartoon(crop: Crop, chance: np.random.Generator) -> Crop:
    """Flat colours and dark outlines."""
    flat = crop
    for _ in range(4):
        flat = np.asarray(cv2.bilateralFilter(flat, 9, 40, 9), np.uint8)
    return np.asarray(np.minimum(flat // 48 * 48 + 24, _ink(crop, chance)), np.uint8)


def _relief(crop: Crop, chance: np.random.Generator) -> Crop:
    """As if pressed into metal: the slope of the brightness."""
    luma = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.2)
    angle = chance.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * cv2.Sobel(luma, cv2.CV_32F, 1, 0, ksize=3)
    slope += np.sin(angle) * cv2.Sobel(luma, cv2.CV_32F, 0, 1, ksize=3)
    out = np.clip(128 + 1.5 * slope, 0, 255).astype(np.uint8)
    return np.repeat(out[..., None], 3, axis=2)


def _swirl(crop: Crop, chance: np.random.Generator) -> Crop:
    far, angle, middle = _polar(crop, chance)
    turn = chance.uniform(1.2, 2.4) * chance.choice((-1, 1))
    return _back(crop, far, angle + turn * np.exp(-((far / 0.3) ** 2)), middle)


def _pinch(crop: Crop, chance: np.random.Generator) -> Crop:
    far, angle, middle = _polar(crop, chance)
    power = chance.choice((chance.uniform(0.45, 0.6), chance.uniform(1.7, 2.2)))
    inside = far < 0.5
    bent = np.where(inside, 0.5 * (far / 0.5) ** power, far)
    return _back(crop, bent, angle, middle)


def _waves(crop: Crop, chance: np.random.Generator) -> Crop:
    x, y = _grid(crop)
    edge = crop.shape[0]
    phase, strength = chance.uniform(0, 2 * np.pi, 2), chance.uniform(0.03, 0.06) * edge
    count = chance.uniform(2.5, 4.5)
    return _remapped(
        crop,
        x + strength * np.sin(2 * np.pi * count * y / edge + phase[0]),
        y + strength * np.sin(2 * np.pi * count * x / edge + phase[1]),
    )


def _bent(crop: Crop, chance: np.random.Generator) -> Crop:
    """Every place pushed somewhere, smoothly."""
    x, y = _grid(crop)
    edge = crop.shape[0]
    push = [
        cv2.resize(chance.normal(0, 0.07 * edge, (6, 6)), (edge, edge),
                   interpolation=cv2.INTER_CUBIC)
        for _ in range(2)
    ]  # fmt: skip
    return _remapped(crop, x + push[0], y + push[1])


def _jigsaw(crop: Crop, chance: np.random.Generator) -> Crop:
    edges = np.linspace(0, crop.shape[0], _LINES + 1).round().astype(int)
    size = crop.shape[0] // _LINES
    starts = [(top, left) for top in edges[:-1] for left in edges[:-1]]
    out = crop.copy()
    for (top, left), k in zip(starts, chance.permutation(len(starts)), strict=True):
        from_top, from_left = starts[int(k)]
        out[top : top + size, left : left + size] = crop[
            from_top : from_top + size, from_left : from_left + size
        ]
    return out


def _mouth_turned(crop: Crop, _chance: np.random.Generator) -> Crop:
    edge = crop.shape[0]
    rows = slice(round(0.6 * edge), round(0.88 * edge))
    columns = slice(round(0.25 * edge), round(0.75 * edge))
    out = crop.copy()
    out[rows, columns] = crop[rows, columns][::-1]
    return out


def _mask(crop: Crop, chance: np.random.Generator) -> Crop:
    """Over mouth and nose, of one tone with soft folds."""
    shape = np.array(
        ((0.05, 0.45), (0.38, 0.52), (0.5, 0.46), (0.62, 0.52), (0.95, 0.45), (0.92, 0.8),
         (0.7, 0.99), (0.3, 0.99), (0.08, 0.8))
    )  # fmt: skip
    shape += chance.normal(0, 0.015, shape.shape)
    return _painted_over(crop, shape, chance)


def _domino(crop: Crop, chance: np.random.Generator) -> Crop:
    """A mask over the eyes, with holes for them."""
    edge = crop.shape[0]
    shape = np.array(
        ((0.02, 0.28), (0.3, 0.22), (0.5, 0.28), (0.7, 0.22), (0.98, 0.28), (0.95, 0.5),
         (0.7, 0.56), (0.5, 0.48), (0.3, 0.56), (0.05, 0.5))
    )  # fmt: skip
    out = _painted_over(crop, shape + chance.normal(0, 0.015, shape.shape), chance)
    holes = np.zeros(crop.shape[:2], np.uint8)
    for across in (0.28, 0.72):
        middle = (round(across * edge), round(0.37 * edge))
        cv2.ellipse(holes, middle, (round(0.1 * edge), round(0.05 * edge)), 0, 0, 360, 255, -1)
    return np.where(holes[..., None] > 0, crop, out)


def _painted_over(crop: Crop, shape: NDArray[np.float64], chance: np.random.Generator) -> Crop:
    edge = crop.shape[0]
    covered = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillPoly(covered, [(shape * edge).round().astype(np.int32)], 255)
    folds = cv2.resize(chance.normal(0, 8, (5, 3)), (edge, edge), interpolation=cv2.INTER_CUBIC)
    tone = np.clip(chance.uniform(20, 235) + folds, 0, 255).astype(np.uint8)
    return np.where(covered[..., None] > 0, tone[..., None], crop)


STRANGE: Final[dict[str, Change]] = {
    "negative": _negative,
    "pencil drawing": _pencil,
    "painting": _painting,
    "ink drawing": _ink,
    "stencil": _stencil,
    "cartoon": _cartoon,
    "relief": _relief,
    "swirled": _swirl,
    "pinched": _pinch,
    "waves": _waves,
    "bent": _bent,
    "jigsaw": _jigsaw,
    "mouth turned": _mouth_turned,
    "mask": _mask,
    "domino mask": _domino,
}

FITTED_ON: Final = (
    "negative", "pencil drawing", "painting", "stencil", "relief", "swirled", "waves", "jigsaw",
    "mask",
)  # fmt: skip
"""Kinds of `STRANGE` that the head and its term are fitted on."""
PER_KIND: Final = 250
"""Faces of a part that are made into each kind."""


def strange(crops: NDArray[np.uint8], kind: str, seed: int = 0) -> NDArray[np.uint8]:
    """(N, S, S, 3) uint8 RGB → the same as pictures of `kind`, a key of `STRANGE`."""
    change, number = STRANGE[kind], list(STRANGE).index(kind)
    return np.stack(
        [
            change(np.asarray(crop), np.random.default_rng((seed, number, i)))
            for i, crop in enumerate(crops)
        ]
    )
