"""A file that plays as a camera would, with as many faces in each frame as wanted."""

from __future__ import annotations

import math
import threading
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.sources.base import Frame, Source, SourceInfo
from ferdesk.sources.sample import FACE_CENTRE
from ferdesk.sources.spec import SourceKind, SourceSpec

WIDTH, HEIGHT = 640, 480


def tile(picture: NDArray[np.uint8], faces: int, centre: float = FACE_CENTRE) -> NDArray[np.uint8]:
    """(480, 640, 3) with `faces` copies of the picture in the smallest grid that holds them.

    Each copy fills its cell and is cut at the sides, so that its face stays as large as possible:
    the landmarker does not find small ones. `centre`: where the face is across the picture, 0..1.
    """
    columns = math.ceil(math.sqrt(faces))
    rows = math.ceil(faces / columns)
    width, height = WIDTH // columns, HEIGHT // rows
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (
        max(width, round(picture.shape[1] * scale)),
        max(height, round(picture.shape[0] * scale)),
    )
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    left = max(0, min(size[0] - width, round(centre * size[0] - width / 2)))
    top = (size[1] - height) // 2
    cell = scaled[top : top + height, left : left + width]
    canvas = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for i in range(faces):
        x, y = (i % columns) * width, (i // columns) * height
        canvas[y : y + height, x : x + width] = cell
    return canvas


def face_centre(spec: SourceSpec) -> float:
    """Where the face of the source is across the picture, 0 to 1, as far as is known."""
    return FACE_CENTRE if spec.kind is SourceKind.SAMPLE else 0.5


class PretendedCamera:
    """Plays a file for ever, at a given rate, as 640×480 frames with some number of faces."""

    warning = ""

    def __init__(self, source: Source, fps: float, faces: int, centre: float) -> None:
        self._source, self._fps, self._faces = source, fps, faces
        self._centre = centre
        self.description = f"{source.description} as a camera"
        self._due: float | None = None
        self._index = 0
        self._closed = threading.Event()
        self.decode_ms: list[float] = []
        """What each frame cost before the wait for its turn."""

    def open(self) -> SourceInfo:
        """Open the file behind it."""
        info = self._source.open()
        detail = f"{WIDTH}x{HEIGHT}, {self._fps:g} fps"
        return SourceInfo(info.name, WIDTH, HEIGHT, self._fps, True, None, detail)

    def read(self) -> Frame | None:
        """The next frame when it is due."""
        start = time.perf_counter()
        frame = self._source.read()
        if frame is None:
            return None
        image = tile(frame.image, self._faces, self._centre)
        now = time.perf_counter()
        self.decode_ms.append((now - start) * 1e3)
        self._due = now if self._due is None else max(self._due + 1 / self._fps, now - 0.1)
        if self._due > now and self._closed.wait(self._due - now):
            return None
        self._index += 1
        return Frame(image, self._index - 1, (self._index - 1) / self._fps, time.perf_counter())

    def close(self) -> None:
        """Wake a waiting `read` and release the file."""
        self._closed.set()
        self._source.close()
