"""A picture, or a folder of them."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.pictures import read_header, read_picture
from ferdesk.sources.base import Frame, SourceInfo
from ferdesk.sources.files import check_file

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff"}
    | {".jp2", ".pgm", ".ppm", ".pbm", ".pnm", ".avif"}
)

STILL_FPS: Final = 5.0
"""How often a still that is shown continuously is delivered again, in its own media time."""
FOLDER_FPS: Final = 1.0
"""Pictures per second of media time when a folder is played."""


class ImageSource:
    """One picture: delivered once, or with `loop` again and again."""

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
            fps=STILL_FPS if self._loop else 0.0,
            live=False,
            frame_count=None if self._loop else 1,
            detail=f"{width}x{height}, {kind}",
        )

    def read(self) -> Frame | None:
        if self._image is None:
            raise RuntimeError("the picture is not open")
        if self._index and not self._loop:
            return None
        frame = Frame(self._image, self._index, self._index / STILL_FPS, time.perf_counter())
        self._index += 1
        return frame

    def close(self) -> None:
        self._image = None


class FolderSource:
    """The pictures of one folder in natural order, without its subfolders.

    Other files are passed over; pictures that cannot be read are counted in `warning`.
    """

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        self._path = path
        self._loop = loop
        self._files: list[Path] = []
        self._next = 0
        self._pending: NDArray[np.uint8] | None = None
        self._unreadable: set[Path] = set()
        self._index = 0
        self._open = False

    @property
    def description(self) -> str:
        return self._path.name or str(self._path)

    @property
    def warning(self) -> str:
        count = len(self._unreadable)
        if not count:
            return ""
        first = min(self._unreadable, key=natural_key).name
        further = f" and {count - 1} more" if count > 1 else ""
        return (
            f"{count} of {len(self._files)} pictures in '{self._path}' could not be read and "
            f"were left out ({first}{further})."
        )

    def open(self) -> SourceInfo:
        self.close()
        self._next, self._index, self._unreadable = 0, 0, set()
        try:
            entries = list(self._path.iterdir())
        except OSError as error:
            raise FerdeskError(
                f"The folder '{self._path}' cannot be read ({error.strerror or error})."
            ) from error
        self._files = sorted(
            (p for p in entries if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()),
            key=natural_key,
        )
        if not self._files:
            raise FerdeskError(
                f"The folder '{self._path}' has no pictures in it; choose one that has."
            )
        self._pending = self._decode_next()
        if self._pending is None:
            raise FerdeskError(
                f"None of the {len(self._files)} pictures in '{self._path}' can be read; "
                "they are damaged or in an unknown format."
            )
        self._open = True
        height, width = self._pending.shape[:2]
        return SourceInfo(
            name=self.description,
            width=width,
            height=height,
            fps=FOLDER_FPS,
            live=False,
            frame_count=None if self._loop else len(self._files),
            detail=f"{len(self._files)} pictures, the first {width}x{height}",
        )

    def read(self) -> Frame | None:
        if not self._open:
            raise RuntimeError("the folder is not open")
        image, self._pending = self._pending, None
        if image is None:
            image = self._decode_next()
        if image is None and self._loop:
            self._next = 0
            image = self._decode_next()
        if image is None:
            return None
        frame = Frame(image, self._index, self._index / FOLDER_FPS, time.perf_counter())
        self._index += 1
        return frame

    def close(self) -> None:
        # What `warning` is made of stays, for reports that are written afterwards.
        self._pending, self._open = None, False

    def _decode_next(self) -> NDArray[np.uint8] | None:
        """The next picture that can be read; None at the end of the folder."""
        while self._next < len(self._files):
            path = self._files[self._next]
            self._next += 1
            try:
                return read_picture(path)
            except FerdeskError as error:
                if path not in self._unreadable:
                    self._unreadable.add(path)
                    logger.warning("%s", error)
        return None


def natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts img2 before img10; the name itself decides between equals."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p], path.name
