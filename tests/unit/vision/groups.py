"""Group pictures made of the heads of the portrait and of the sample."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.pictures import read_picture
from ferdesk.resources import asset
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.types import Box

Background = Literal["grey", "noise", "stripes", "gradient"]
_SAMPLE_FRAMES = (30, 200, 300, 400)


@cache
def heads() -> tuple[tuple[NDArray[np.uint8], float], ...]:
    """Square (S, S, 3) RGB cuts round five heads, and the share of S that the face is wide."""
    pictures = [np.asarray(read_picture(asset("portrait.png"))[:, :, ::-1])]
    video = cv2.VideoCapture(str(asset("sample.mp4")))
    for index in range(max(_SAMPLE_FRAMES) + 1):
        _, frame = video.read()
        if index in _SAMPLE_FRAMES:
            pictures.append(frame[:, :, ::-1])
    video.release()
    cuts = []
    with Landmarker(mode="image") as landmarker:
        for picture in pictures:
            (face,) = landmarker.detect(picture)
            x, y, width, height = face.box
            side = 1.9 * max(width, height)
            left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
            move = np.array([[1, 0, -left], [0, 1, -top]])
            cut = cv2.warpAffine(
                picture, move, (round(side), round(side)), borderMode=cv2.BORDER_REPLICATE
            )
            cuts.append((np.asarray(cut, np.uint8), width / side))
    return tuple(cuts)


def ground(kind: Background, height: int, width: int) -> NDArray[np.uint8]:
    """A (height, width, 3) RGB picture without a face."""
    y, x = np.mgrid[:height, :width]
    if kind == "noise":
        rough = np.random.default_rng(4).integers(0, 255, (height // 20, width // 20, 3), np.uint8)
        return np.asarray(cv2.resize(rough, (width, height)), np.uint8)
    level = {
        "grey": np.full((height, width), 110.0),
        "stripes": 128 + 80 * np.sign(np.sin(x / 17) * np.sin(y / 23)),
        "gradient": 40 + 170 * x / width,
    }[kind]
    return np.repeat(level.astype(np.uint8)[:, :, None], 3, axis=2)


def group(
    places: Sequence[tuple[float, float, float]],
    background: Background = "grey",
    size: tuple[int, int] = (667, 1000),
) -> tuple[NDArray[np.uint8], list[Box]]:
    """A picture of (height, width) with faces at (centre x, centre y, face width), and their boxes.

    Heads are cut out as ellipses with soft edges; later ones lie over earlier ones.
    """
    picture = ground(background, *size).astype(np.float32)
    boxes = []
    for i, (x, y, wide) in enumerate(places):
        cut, share = heads()[i % len(heads())]
        side = round(wide / share)
        head = cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        v, u = (np.mgrid[:side, :side] + 0.5) / side * 2 - 1
        soft = np.clip((1 - np.hypot(u / 0.75, v / 0.95)) * 8, 0, 1)[:, :, None]
        left, top = round(x - side / 2), round(y - side / 2)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(size[1], left + side), min(size[0], top + side)
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        under = picture[y0:y1, x0:x1]
        picture[y0:y1, x0:x1] = under + soft[part] * (head[part] - under)
        boxes.append((x - wide / 2, y - 0.6 * wide, wide, 1.2 * wide))
    return picture.round().astype(np.uint8), boxes
