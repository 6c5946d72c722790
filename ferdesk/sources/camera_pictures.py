"""The good pictures of an open camera, and what is wrong when there are none."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.pictures import to_bgr
from ferdesk.sources import capture as cap
from ferdesk.sources.jpeg import decode_jpeg

FROZEN_SECONDS: Final = 3.0
"""The noise of a sensor changes every picture; one that repeats for so long is not live."""
_RETRY_SECONDS: Final = 0.02
"""A failed read alone is common while a camera changes its exposure or the system is busy."""


class Trouble(Enum):
    """Why there was no good picture."""

    SILENT = "silent"
    DAMAGED = "damaged"
    FROZEN = "frozen"
    GONE = "gone"


class CameraPictures:
    """Reads one opened capture and passes on only what is a whole, living picture.

    Motion JPEG from V4L2 is decoded here: OpenCV hands out the last picture again, as if it were
    a new one, when it cannot decode the present one. Other formats and backends are read as
    OpenCV decodes them.
    """

    def __init__(
        self,
        capture: cap.Capture,
        backend: int,
        *,
        gone: Callable[[], bool],
        stuck: NDArray[Any] | None = None,
    ) -> None:
        """`gone`: whether the device was unplugged. `stuck`: a picture known to be frozen."""
        self._capture = capture
        self._gone = gone
        self._raw_jpeg = _take_raw_jpeg(capture, backend)
        self._width = int(cap.number(capture, cv2.CAP_PROP_FRAME_WIDTH))
        self._height = int(cap.number(capture, cv2.CAP_PROP_FRAME_HEIGHT))
        self._last: NDArray[Any] | None = None
        self._changed = 0.0
        self.stuck = stuck
        """The raw picture that does not change any more; None while they change."""
        self.trouble = Trouble.SILENT
        """Why `wait` returned None."""
        self.damaged = 0
        """How many pictures could not be decoded so far."""

    def wait(self, seconds: float) -> NDArray[np.uint8] | None:
        """The next picture, (H, W, 3) uint8 BGR; None after `seconds` without a good one."""
        deadline = time.monotonic() + seconds
        while True:
            raw = cap.read_image(self._capture)
            if raw is None:
                self.trouble = Trouble.GONE if self._gone() else Trouble.SILENT
            elif self._frozen(raw):
                self.trouble = Trouble.FROZEN
            else:
                image = self._decode(raw)
                if image is not None:
                    return image
                self.trouble = Trouble.DAMAGED
                self.damaged += 1
            if (
                self.trouble is Trouble.GONE
                or time.monotonic() > deadline
                or not self._capture.isOpened()
            ):
                return None
            time.sleep(_RETRY_SECONDS)

    def _frozen(self, raw: NDArray[Any]) -> bool:
        now = time.monotonic()
        if self._last is None or not np.array_equal(raw, self._last):
            self._last, self._changed = raw, now
        elif now - self._changed > FROZEN_SECONDS:
            self.stuck = raw
        if self.stuck is not None and not np.array_equal(raw, self.stuck):
            self.stuck = None
        return self.stuck is not None

    def _decode(self, raw: NDArray[Any]) -> NDArray[np.uint8] | None:
        if not self._raw_jpeg:
            return to_bgr(raw)
        return decode_jpeg(raw, self._width, self._height)


def _take_raw_jpeg(capture: cap.Capture, backend: int) -> bool:
    """Whether the capture gives undecoded JPEGs from now on; only V4L2 can."""
    if backend != cv2.CAP_V4L2 or cap.codec(capture) not in ("MJPG", "JPEG"):
        return False
    try:
        taken = capture.set(cv2.CAP_PROP_CONVERT_RGB, 0.0)
    except cv2.error:
        return False
    return bool(taken) and cap.number(capture, cv2.CAP_PROP_CONVERT_RGB) == 0
