"""JPEGs as cameras send them: told whole from damaged before anything is allocated."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_START, _END = b"\xff\xd8", b"\xff\xd9"
_START_OF_SCAN: Final = 0xDA
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PADDING: Final = 16
"""Pixels by which a picture may differ from the size the driver names: whole blocks are sent."""


def decode_jpeg(raw: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8] | None:
    """(H, W, 3) uint8 BGR of one camera picture; None when it is damaged.

    `raw` are the bytes of one buffer in any shape; `width` and `height` are what the driver
    granted. Damaged is: another size than that in the header, no end marker after the scan (the
    picture is cut off; bytes after the marker are padding), or anything the decoder refuses.
    Damage within the scan that keeps it decodable is not noticed.
    """
    data = raw.tobytes()
    header = _header(data)
    if header is None:
        return None
    found_width, found_height, scan = header
    if abs(found_width - width) > _PADDING or abs(found_height - height) > _PADDING:
        return None
    if data.find(_END, scan) < 0:
        return None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if image is None or image.shape[:2] != (found_height, found_width):
        return None
    return image.view(np.uint8)


def _header(data: bytes) -> tuple[int, int, int] | None:
    """Width, height and where the scan begins (ITU-T T.81, B.1.1); None without them."""
    if not data.startswith(_START):
        return None
    width = height = 0
    at = len(_START)
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _START_OF_SCAN:
            return (width, height, at + 2 + length) if width and height else None
        if marker in _START_OF_FRAME and at + 9 <= len(data):
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
        at += 2 + length
    return None
