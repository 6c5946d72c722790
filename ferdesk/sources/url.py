"""Network streams: MJPEG over HTTP, RTSP and what else FFmpeg opens."""

from __future__ import annotations

import time
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.addresses import display_address
from ferdesk.errors import FerdeskError
from ferdesk.pictures import to_bgr
from ferdesk.sources import capture as cap
from ferdesk.sources.base import Frame, SourceInfo, SourceLostError
from ferdesk.sources.video import VideoSource

OPEN_TIMEOUT_MS: Final = 5000
READ_TIMEOUT_MS: Final = 2000
"""Short enough that a stop is honoured while the network hangs."""

_PARAMETERS: Final = (
    cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
    OPEN_TIMEOUT_MS,
    cv2.CAP_PROP_READ_TIMEOUT_MSEC,
    READ_TIMEOUT_MS,
)


class UrlSource:
    """A stream in real time; a finite video behind a URL is read like a file."""

    def __init__(
        self, url: str, *, loop: bool = False, factory: cap.CaptureFactory = cap.open_capture
    ) -> None:
        self._url = url
        self._loop = loop
        self._factory = factory
        self._capture: cap.Capture | None = None
        self._file: VideoSource | None = None
        self._pending: NDArray[np.uint8] | None = None
        self._index = 0
        self._started = 0.0

    @property
    def description(self) -> str:
        return display_address(self._url)

    @property
    def warning(self) -> str:
        return self._file.warning if self._file else ""

    def open(self) -> SourceInfo:
        self.close()
        self._file = None
        capture = self._factory(self._url, cv2.CAP_FFMPEG, _PARAMETERS)
        self._capture = capture
        image = cap.read_image(capture) if capture.isOpened() else None
        if image is None:
            self.close()
            raise FerdeskError(
                f"No video came from {self.description} within {OPEN_TIMEOUT_MS // 1000} seconds; "
                "check address and password, and that the camera or server is running."
            )
        if cap.frame_count(capture) is not None:
            self.close()
            self._file = VideoSource(
                self._url,
                loop=self._loop,
                name=self.description,
                factory=self._factory,
                parameters=_PARAMETERS,
            )
            return self._file.open()
        self._pending = to_bgr(image)
        self._index = 0
        height, width = self._pending.shape[:2]
        fps = cap.frames_per_second(capture)
        return SourceInfo(
            name=self.description,
            width=width,
            height=height,
            fps=fps,
            live=True,
            frame_count=None,
            detail=cap.mode_text(width, height, fps, cap.codec(capture)),
        )

    def read(self) -> Frame | None:
        if self._file is not None:
            return self._file.read()
        if self._capture is None:
            raise RuntimeError("the stream is not open")
        image, self._pending = self._pending, None
        if image is None:
            raw = cap.read_image(self._capture)
            if raw is None:
                raise SourceLostError(
                    f"The stream {self.description} stopped; check the network and the server."
                )
            image = to_bgr(raw)
        now = time.perf_counter()
        if self._index == 0:
            self._started = now
        frame = Frame(image, self._index, now - self._started, now)
        self._index += 1
        return frame

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        if self._file is not None:
            self._file.close()
        self._capture, self._pending = None, None
