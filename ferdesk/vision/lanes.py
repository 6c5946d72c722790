"""Several faces of one frame read side by side, each in its own part of the picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.regions import read_region
from ferdesk.vision.types import Box, FaceLandmarks

_MOST: Final = 4
"""Each costs 40 MB."""


class Lanes:
    """Landmarkers that read regions at the same time, as many as there are cores, at most four.

    MediaPipe reads the faces of one picture one after the other, on one core.
    """

    def __init__(self, faces: int) -> None:
        """Begin to load, on threads of their own, what so many faces need."""
        count = max(1, min(_MOST, faces, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="face")
        self._free: SimpleQueue[Landmarker] = SimpleQueue()
        self._loading = [self._pool.submit(self._load) for _ in range(count)]

    def _load(self) -> None:
        self._free.put(Landmarker(mode="image", max_faces=1))

    def ready(self, *, wait: bool) -> bool:
        """Whether all are loaded. Raises FerdeskError where one could not be."""
        if not wait and not all(one.done() for one in self._loading):
            return False
        for one in self._loading:
            one.result()
        return True

    def read(self, rgb: NDArray[np.uint8], boxes: Sequence[Box]) -> list[FaceLandmarks | None]:
        """For every box of the (H, W, 3) uint8 RGB picture the face expected there, if it is."""

        def one(box: Box) -> FaceLandmarks | None:
            landmarker = self._free.get()
            try:
                return read_region(landmarker, rgb, box)
            finally:
                self._free.put(landmarker)

        return list(self._pool.map(one, boxes))

    def close(self) -> None:
        """Free the landmarkers, once they are loaded."""
        self._pool.shutdown()
        while not self._free.empty():
            self._free.get().close()
