"""Picture files, and whatever a decoder gives, turned into the one format of the pipeline."""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError

MAX_MEGAPIXELS: Final = 50
"""More than any camera gives; decoding needs up to 20 bytes per pixel."""
_MAX_BYTES: Final = MAX_MEGAPIXELS * 1_000_000 * 10
"""Uncompressed, four channels of 16 bits, and then some."""
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "PPM", "JPEG2000", "AVIF")


class PictureError(FerdeskError):
    """The file is there but what is in it is no picture that can be used."""


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What a picture file says about itself."""

    width: int
    """Pixels, as stored: before the EXIF orientation is applied."""
    height: int
    pages: int
    """Frames of an animation, pages of a document; 1 for an ordinary picture."""


def to_bgr(image: NDArray[Any]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR, C-contiguous, from grey, BGR or BGRA of any common depth.

    Shapes: (H, W), (H, W, 1), (H, W, 3), (H, W, 4). 16-bit values are scaled from their full
    range, floats from 0..1; transparent parts are laid on black. A frame that is already right
    is returned as it is. Raises FerdeskError for anything else.
    """
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise _unusable(image)
    image = _to_uint8(image)
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        return np.ascontiguousarray(np.broadcast_to(image.reshape(*image.shape[:2], 1), _3(image)))
    if channels == 3:
        return np.ascontiguousarray(image)
    if channels == 4:
        alpha = image[:, :, 3:].astype(np.uint16)
        # Rounded division by 255, so that opaque pixels stay exactly as they are.
        return ((image[:, :, :3] * alpha + 127) // 255).astype(np.uint8)
    raise _unusable(image)


def read_header(path: Path) -> PictureHeader:
    """What a picture file says about itself; nothing of it is decoded.

    Raises FerdeskError when it is not a readable file, PictureError when it is not a picture or
    holds more than `MAX_MEGAPIXELS`.
    """
    return _header(path, _contents(path))


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture file to (H, W, 3) uint8 BGR, turned as its EXIF orientation says.

    Of an animation or a file with pages the first picture is read. The header is read first, so
    that a small file cannot ask for gigabytes. Raises FerdeskError when it is not a readable file,
    PictureError when it is damaged, not a picture, or holds more than `MAX_MEGAPIXELS`.
    """
    contents = _contents(path)
    _header(path, contents)
    data = np.frombuffer(contents, dtype=np.uint8)
    try:
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if image is not None and (image.ndim == 2 or image.shape[2] != 4):
            # Only this way honours the EXIF orientation, but it drops transparency.
            image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except (cv2.error, MemoryError):
        image = None
    if image is None:
        raise _no_picture(path)
    return to_bgr(image)


def _contents(path: Path) -> bytes:
    """The bytes of a regular file; a FIFO or a device would block or never end."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise FerdeskError(f"'{path}' is not a picture but a folder or a device.")
        if status.st_size > _MAX_BYTES:
            raise PictureError(
                f"The picture '{path}' has {status.st_size / 1e6:,.0f} MB, which is more than any "
                f"picture of {MAX_MEGAPIXELS} megapixels needs; make it smaller first."
            )
        # Read here and not by OpenCV, which cannot open every path on Windows.
        contents = path.read_bytes()
    except OSError as error:
        raise FerdeskError(
            f"The picture '{path}' cannot be read ({error.strerror or error})."
        ) from error
    if not contents:
        raise PictureError(f"The picture '{path}' is empty (0 bytes).")
    return contents


def _header(path: Path, contents: bytes) -> PictureHeader:
    from PIL import Image

    # Nothing is decoded by Pillow, so its own limit, which would say less, is not needed.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(contents), formats=_FORMATS) as image:
            header = PictureHeader(*image.size, int(getattr(image, "n_frames", 1)))
    except Exception as error:  # a damaged header makes the parsers raise anything
        raise _no_picture(path) from error
    if header.width * header.height > MAX_MEGAPIXELS * 1_000_000:
        raise PictureError(
            f"The picture '{path}' has {header.width:,}x{header.height:,} pixels, more than "
            f"{MAX_MEGAPIXELS} megapixels; make it smaller first."
        )
    return header


def _no_picture(path: Path) -> PictureError:
    return PictureError(
        f"'{path}' is not a picture that can be read, or it is damaged; "
        "JPEG, PNG, WebP, BMP and TIFF work."
    )


def _to_uint8(image: NDArray[Any]) -> NDArray[np.uint8]:
    kind = image.dtype.str[1:]
    if kind == "u1":
        return image.view(np.uint8)
    if kind == "b1":
        return image.astype(np.uint8) * np.uint8(255)
    if kind == "u2":
        # 257 = 65535 / 255. In OpenCV, as NumPy would need eight times the memory meanwhile.
        return cv2.convertScaleAbs(image, alpha=1 / 257).reshape(image.shape).view(np.uint8)
    if kind == "u4":
        return (image // np.uint32(0xFFFFFFFF // 255)).astype(np.uint8)
    if image.dtype.kind == "f":
        finite = np.nan_to_num(image, nan=0.0, posinf=1.0, neginf=0.0)
        return np.rint(np.clip(finite, 0.0, 1.0) * 255).astype(np.uint8)
    raise _unusable(image)


def _3(image: NDArray[Any]) -> tuple[int, int, int]:
    return image.shape[0], image.shape[1], 3


def _unusable(image: NDArray[Any]) -> FerdeskError:
    shape = "x".join(map(str, image.shape)) or "none"
    return FerdeskError(
        f"The source gave a frame that is not a picture (shape {shape}, {image.dtype}); "
        "choose another source or mode."
    )
