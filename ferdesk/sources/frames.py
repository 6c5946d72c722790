"""Turning whatever a decoder gives into the one frame format of the pipeline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError


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


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture file to (H, W, 3) uint8 BGR, turned as its EXIF orientation says.

    Raises FerdeskError when it cannot be read or is not a picture OpenCV knows.
    """
    try:
        # Read here and not by OpenCV, which cannot open every path on Windows.
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise FerdeskError(
            f"The picture '{path}' cannot be read ({error.strerror or error})."
        ) from error
    if data.size == 0:
        raise FerdeskError(f"The picture '{path}' is empty (0 bytes).")
    try:
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if image is not None and (image.ndim == 2 or image.shape[2] != 4):
            # Only this way honours the EXIF orientation, but it drops transparency.
            image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        image = None
    if image is None:
        raise FerdeskError(
            f"'{path}' is not a picture that can be read, or it is damaged; "
            "JPEG, PNG, WebP, BMP and TIFF work."
        )
    return to_bgr(image)


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


_FULL_RANGE: Final = {"u2": 257, "u4": 16843009}


def _to_uint8(image: NDArray[Any]) -> NDArray[np.uint8]:
    kind = image.dtype.str[1:]
    if kind == "u1":
        return image.view(np.uint8)
    if kind == "b1":
        return image.astype(np.uint8) * np.uint8(255)
    if kind in _FULL_RANGE:
        divisor = _FULL_RANGE[kind]
        scaled = (image.astype(np.uint64) + divisor // 2) // divisor
        return scaled.astype(np.uint8)
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
