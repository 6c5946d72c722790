"""One picture."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.pictures import read_header, read_picture
from ferdesk.sources.base import Frame, SourceInfo
from ferdesk.sources.files import check_file


class ImageSource:
    """One picture: delivered once, or with `loop` again and again. It has no time."""

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        self._path = path
        self._loop = loop
        self._image: NDArray[np.uint8] | None = None
        self._index = 0

    @property
    def description(self) -> str:
        return self._path.name

    @property
    def warning(self) -> str:
        return ""

    def open(self) -> SourceInfo:
        check_file(self._path, "picture")
        pages = read_header(self._path).pages
        kind = f"first of {pages} pictures" if pages > 1 else "still picture"
        self._image = read_picture(self._path)
        self._index = 0
        height, width = self._image.shape[:2]
        return SourceInfo(
            name=self.description,
            width=width,
            height=height,
            fps=0.0,
            live=False,
            frame_count=None if self._loop else 1,
            detail=f"{width}x{height}, {kind}",
        )

    def read(self) -> Frame | None:
        if self._image is None:
            raise RuntimeError("the picture is not open")
        if self._index and not self._loop:
            return None
        now = time.perf_counter()
        frame = Frame(self._image, self._index, 0.0, now, file=self._path, still=True)
        self._index += 1
        return frame

    def close(self) -> None:
        self._image = None
