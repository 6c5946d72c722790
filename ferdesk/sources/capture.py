"""cv2.VideoCapture as the sources need it: injectable, and read with its properties in words."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.addresses import display_address

logger = logging.getLogger(__name__)


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used; tests put their own camera behind it."""

    def isOpened(self) -> bool: ...  # noqa: N802
    def read(self) -> tuple[bool, Any]: ...
    def get(self, prop: int, /) -> float: ...
    def set(self, propId: int, value: float, /) -> bool: ...
    def getBackendName(self) -> str: ...  # noqa: N802
    def release(self) -> None: ...


CaptureFactory = Callable[[int | str, int, Sequence[int]], Capture]
"""(camera index, path or URL; backend; pairs of property and value for opening)."""


def open_capture(target: int | str, backend: int, parameters: Sequence[int] = ()) -> Capture:
    """The real cv2.VideoCapture; it is returned unopened when OpenCV refuses the target."""
    try:
        return cv2.VideoCapture(target, backend, list(parameters))
    except cv2.error:
        shown = display_address(str(target))
        logger.debug("cv2.VideoCapture(%s, %d) raised", shown, backend, exc_info=True)
        return cv2.VideoCapture()


def read_image(capture: Capture) -> NDArray[Any] | None:
    """The next picture, or None when there is none or it cannot be decoded."""
    try:
        ok, image = capture.read()
    except cv2.error:
        logger.debug("cv2.VideoCapture.read raised", exc_info=True)
        return None
    return image if ok and isinstance(image, np.ndarray) and image.size else None


def frames_per_second(capture: Capture) -> float:
    """What the capture promises; 0.0 when it says nothing sensible."""
    value = number(capture, cv2.CAP_PROP_FPS)
    return value if 0.1 <= value <= 1000 else 0.0


def frame_count(capture: Capture) -> int | None:
    """How many frames a file promises; None for a stream."""
    value = number(capture, cv2.CAP_PROP_FRAME_COUNT)
    return round(value) if 1 <= value <= 1e9 else None


def codec(capture: Capture) -> str:
    """The four-character code, for example "MJPG"; "" when unknown."""
    value = int(number(capture, cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    text = value.to_bytes(4, "little").decode("ascii", errors="replace").strip("\0 ")
    return text if text.isprintable() and "\ufffd" not in text else ""


def backend_name(capture: Capture) -> str:
    """For example "V4L2"; "" when unknown."""
    try:
        return str(capture.getBackendName())
    except cv2.error:
        return ""


def number(capture: Capture, prop: int) -> float:
    """A property as a finite number; 0.0 when the backend does not know it."""
    try:
        value = float(capture.get(prop))
    except cv2.error:
        return 0.0
    return value if math.isfinite(value) else 0.0


def mode_text(width: int, height: int, fps: float, *further: str) -> str:
    """For example "640x480, 30 fps, MJPG, V4L2"."""
    rate = f"{fps:.4g} fps" if fps else ""
    return ", ".join(part for part in (f"{width}x{height}", rate, *further) if part)
