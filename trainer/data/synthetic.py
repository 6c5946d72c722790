"""A generated face-like set, so that every command runs with no data at all.

    synthetic:N or synthetic:N,SEED        N pictures in all, split 80/10/10 in every class

Each picture is a drawn face: brows, eyes, nose and mouth show one of the seven expressions with a
random strength, under random position, size, tilt, turn, colours, light and noise. Numbers on this
set say that the training works and nothing about faces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.vision.crop import CROP_SIZE
from trainer.data.examples import Example, one_hot
from trainer.data.stratify import stratified_split

_VERSION = 2
"""Part of the cache's key: another number whenever the same seed draws something else."""
_LEAST = 3 * len(EXPRESSIONS)
_CANVAS = 224
"""Pixels across the drawing before it is reduced to the crop."""
_BITS = 4
"""Fractional bits of cv2's coordinates."""
_LINE = cv2.LINE_AA


@dataclass(frozen=True, slots=True)
class _Features:
    """How far each part of the face moves; 0 (openings and width: 1) is a face at rest."""

    brow_height: float = 0.0
    brow_slope: float = 0.0
    """Positive: the inner ends go down."""
    eye_opening: float = 1.0
    mouth_curve: float = 0.0
    """Positive: the corners go up."""
    mouth_opening: float = 0.0
    mouth_width: float = 1.0
    wrinkle: float = 0.0


_FEATURES: dict[str, _Features] = {
    "neutral": _Features(),
    "happiness": _Features(0.1, 0.0, 0.8, 1.0, 0.35, 1.25),
    "surprise": _Features(1.0, -0.1, 1.6, 0.0, 1.0, 0.7),
    "sadness": _Features(0.3, -0.9, 0.75, -0.9, 0.0, 0.9),
    "anger": _Features(-0.7, 1.0, 0.85, -0.4, 0.1, 0.95),
    "disgust": _Features(-0.4, 0.5, 0.5, -0.6, 0.35, 0.95, 1.0),
    "fear": _Features(0.8, -0.9, 1.5, -0.3, 0.5, 1.2),
}
_JITTER = (0.22, 0.22, 0.13, 0.2, 0.1, 0.08, 0.2)
"""Standard deviation of each of the features."""


def read_synthetic(text: str) -> list[Example]:
    """The examples of "N" or "N,SEED"; classes take turns. FerdeskError for other text."""
    match = re.fullmatch(r"(\d{1,7})(?:,(\d{1,9}))?", text.strip())
    if match is None or int(match[1]) < _LEAST:
        raise FerdeskError(
            f"'synthetic:{text}' is no generated set; write synthetic:N or synthetic:N,SEED with "
            f"N at least {_LEAST}, for example synthetic:700."
        )
    count, seed = int(match[1]), int(match[2] or 0)
    names = [f"generated-{seed}-{i:07d}" for i in range(count)]
    labels = [i % len(EXPRESSIONS) for i in range(count)]
    return [
        Example(
            path=Path(name),
            split=split,
            target=one_hot(label),
            pixels=partial(draw_face, label, seed, i),
            stamp=f"version {_VERSION}",
        )
        for i, (name, label, split) in enumerate(
            zip(names, labels, stratified_split(names, labels), strict=True)
        )
    ]


def draw_face(label: int, seed: int, number: int) -> NDArray[np.uint8]:
    """(112, 112, 3) uint8 RGB, the same for the same arguments."""
    chance = np.random.default_rng((seed, number, label))
    canvas = np.empty((_CANVAS, _CANVAS, 3), np.uint8)
    canvas[:] = chance.integers(60, 180) + chance.integers(-25, 26, 3)
    _draw_head(canvas, _draw_features(label, chance), chance)
    size = CROP_SIZE
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    tilt, zoom = chance.normal(0, 4), chance.uniform(1.3, 1.55)
    matrix = np.array(cv2.getRotationMatrix2D((size / 2, size / 2), tilt, zoom), np.float64)
    matrix[:, 2] += chance.normal(0, 0.02 * size, 2)
    placed = cv2.warpAffine(small, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return _lit(np.asarray(placed, np.uint8), chance)


def _draw_features(label: int, chance: np.random.Generator) -> _Features:
    """Between a face at rest and the full expression, every part a little off."""
    rest, full = _Features(), _FEATURES[EXPRESSIONS[label]]
    strength = chance.uniform(0.5, 1.0)
    values = [
        float(a + strength * (b - a) + chance.normal(0, spread))
        for a, b, spread in (
            (getattr(rest, name), getattr(full, name), spread)
            for name, spread in zip(_Features.__dataclass_fields__, _JITTER, strict=True)
        )
    ]
    return _Features(*values)


def _points(*points: tuple[float, float]) -> NDArray[np.int32]:
    return np.round(np.array(points) * (1 << _BITS)).astype(np.int32)


def _ellipse(
    canvas: NDArray[np.uint8], x: float, y: float, a: float, b: float, colour: tuple[int, ...]
) -> None:
    """A filled ellipse with half axes a and b."""
    (centre,), (axes,) = _points((x, y)), _points((max(a, 0.5), max(b, 0.5)))
    cv2.ellipse(canvas, centre.tolist(), axes.tolist(), 0, 0, 360, colour, cv2.FILLED, _LINE, _BITS)


def _draw_head(canvas: NDArray[np.uint8], features: _Features, chance: np.random.Generator) -> None:
    tone = chance.uniform(0.5, 1.0)
    skin = tuple(int(tone * c + chance.normal(0, 6)) for c in (225, 180, 150))
    dark = tuple(int(0.35 * c) for c in skin)
    hair = tuple(int(v) for v in chance.integers(10, 70) + chance.integers(0, 30, 3))
    wide, tall = chance.uniform(68, 82), chance.uniform(88, 102)
    x, y = _CANVAS / 2, _CANVAS / 2
    turn = chance.normal(0, 4)
    _ellipse(canvas, x, y - 14, wide + 10, tall + 6, hair)
    _ellipse(canvas, x, y + 4, wide, tall - 6, skin)
    x += turn
    apart = chance.uniform(29, 36)
    for side in (-1, 1):
        eye = x + side * apart
        _ellipse(canvas, eye, y - 14, 14, 8 * max(0.15, features.eye_opening), (240, 240, 240))
        _ellipse(
            canvas, eye + 0.2 * turn, y - 14, 5, 5 * min(1, features.eye_opening), (30, 25, 20)
        )
        height = y - 36 - 9 * features.brow_height
        brow = _points(
            (eye - side * 16, height + 8 * features.brow_slope),
            (eye, height - 3),
            (eye + side * 17, height - 4 * features.brow_slope),
        )
        cv2.polylines(canvas, [brow], False, hair, 6, _LINE, _BITS)
    nose = _points((x + 0.3 * turn, y - 8), (x - 6 + 0.6 * turn, y + 18), (x + 7, y + 18))
    cv2.polylines(canvas, [nose], False, dark, 2, _LINE, _BITS)
    if features.wrinkle > 0.25:
        for side in (-1, 1):
            fold = _points((x + side * 10, y + 6), (x + side * 26, y + 22 + 6 * features.wrinkle))
            cv2.polylines(canvas, [fold], False, dark, 3, _LINE, _BITS)
    _draw_mouth(canvas, x, y + 46, features)


def _draw_mouth(canvas: NDArray[np.uint8], x: float, y: float, features: _Features) -> None:
    """Two arcs between the corners; what lies between them is dark."""
    t = np.linspace(-1, 1, 17)
    bow = 11 * features.mouth_curve * (t * t - 0.5)
    gap = 15 * max(0.0, features.mouth_opening) * np.sqrt(1 - t * t)
    across = x + 27 * features.mouth_width * t
    upper = _points(*zip(across, y - bow - gap, strict=True))
    lower = _points(*zip(across, y - bow + gap, strict=True))
    outline = np.concatenate((upper, lower[::-1]))
    cv2.fillPoly(canvas, [outline], (70, 20, 25), _LINE, _BITS)
    cv2.polylines(canvas, [outline], True, (150, 60, 70), 4, _LINE, _BITS)


def _lit(image: NDArray[np.uint8], chance: np.random.Generator) -> NDArray[np.uint8]:
    """Light from one side, then blur and sensor noise."""
    angle, depth = chance.uniform(0, 2 * np.pi), chance.uniform(0, 0.3)
    axis = np.linspace(-1, 1, image.shape[0])
    slope = np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None]
    light = chance.uniform(0.75, 1.2) * (1 + depth * slope)
    soft = cv2.GaussianBlur(image, (0, 0), chance.uniform(0.3, 1.2))
    noise = chance.normal(0, chance.uniform(2, 12), image.shape)
    lit = soft * light[:, :, None] + noise
    return np.asarray(np.clip(lit, 0, 255), np.uint8)
