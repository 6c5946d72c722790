"""Files that a source is to be read from: what they are, and in which order."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from ferdesk.errors import FerdeskError

IMAGE_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff"}
    | {".jp2", ".pgm", ".ppm", ".pbm", ".pnm", ".avif"}
)

VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".m2v", ".ts", ".mts"}
    | {".m2ts", ".wmv", ".asf", ".flv", ".ogv", ".3gp", ".gif", ".mjpg", ".mjpeg", ".vob"}
)

SUFFIXES: Final = IMAGE_SUFFIXES | VIDEO_SUFFIXES

_IMAGE_SIGNATURES: Final = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",
    b"MM\0*",
    b"\0\0\0\x0cjP  ",
)
_VIDEO_SIGNATURES: Final = (
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"\0\0\1\xba",  # MPEG program stream
    b"\0\0\1\xb3",  # MPEG video
    b"FLV\1",
    b"OggS",
    b"0&\xb2u\x8ef\xcf\x11",  # ASF, WMV
    b"GIF8",
)


def check_file(path: Path, what: str) -> None:
    """FerdeskError unless `path` is a readable file with something in it."""
    if not path.exists():
        raise FerdeskError(f"The {what} '{path}' does not exist; check the path.")
    if not path.is_file():
        raise FerdeskError(f"The {what} '{path}' is not a file.")
    if not os.access(path, os.R_OK):
        raise FerdeskError(f"The {what} '{path}' cannot be read; check its permissions.")
    if path.stat().st_size == 0:
        raise FerdeskError(f"The {what} '{path}' is empty (0 bytes).")


def holds_video(path: Path) -> bool:
    """True for a video, False for a picture: by the content first and the suffix second.

    Raises FerdeskError when it cannot be read or is neither.
    """
    check_file(path, "source")
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        raise FerdeskError(
            f"The source '{path}' cannot be read ({error.strerror or error})."
        ) from error
    if head.startswith(_VIDEO_SIGNATURES) or head[8:12] == b"AVI ":
        return True
    if head.startswith(_IMAGE_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return False
    if head[4:8] == b"ftyp":
        return head[8:12] not in (b"avif", b"avis")
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES | VIDEO_SUFFIXES:
        return suffix in VIDEO_SUFFIXES
    raise FerdeskError(
        f"The file '{path}' is neither a picture nor a video that ferdesk knows; "
        "choose another one or convert it."
    )


def natural_key(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts img2 before img10; the name itself decides between equals."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in parts if p], path.name
