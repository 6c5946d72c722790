"""Video files."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.pictures import MAX_MEGAPIXELS, to_bgr
from ferdesk.sources import capture as cap
from ferdesk.sources.base import Frame, SourceInfo
from ferdesk.sources.files import check_file

logger = logging.getLogger(__name__)

_ASSUMED_FPS: Final = 25.0
_TOLERATED_LOSS: Final = 0.02
"""Containers estimate their frame count; only a larger gap means that frames are missing."""


class VideoSource:
    """A video file from its first to its last good frame, as fast as it decodes.

    With `loop` it starts again at the end, while index and media time go on growing. A file that
    breaks off ends like any other and says so in `warning`.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        loop: bool = False,
        name: str = "",
        factory: cap.CaptureFactory = cap.open_capture,
        parameters: tuple[int, ...] = (),
    ) -> None:
        """`path` may also be the URL of a finite video; `name` is shown instead of it."""
        self._target = path
        self._loop = loop
        self._name = name or Path(path).name
        self._shown = str(path) if isinstance(path, Path) else self._name
        self._factory = factory
        self._parameters = parameters
        self._capture: cap.Capture | None = None
        self._pending: tuple[NDArray[np.uint8], float] | None = None
        self._warning = ""
        self._fps = 0.0
        self._promised: int | None = None
        self._position = 0  # within this pass
        self._index = 0
        self._pass_start = 0.0
        self._last_time = 0.0

    @property
    def description(self) -> str:
        return self._name

    @property
    def warning(self) -> str:
        return self._warning

    def open(self) -> SourceInfo:
        self.close()
        if isinstance(self._target, Path):
            check_file(self._target, "video")
        self._index, self._pass_start, self._last_time, self._warning = 0, 0.0, 0.0, ""
        if not self._start_pass():
            self.close()
            raise FerdeskError(
                f"The video '{self._shown}' is damaged or in a format that cannot be decoded; "
                "try converting it to MP4 (H.264)."
            )
        assert self._capture is not None
        assert self._pending is not None
        height, width = self._pending[0].shape[:2]
        return SourceInfo(
            name=self._name,
            width=width,
            height=height,
            fps=self._fps,
            live=False,
            frame_count=None if self._loop else self._promised,
            detail=cap.mode_text(width, height, self._fps, cap.codec(self._capture)),
        )

    def read(self) -> Frame | None:
        if self._capture is None:
            raise RuntimeError("the video is not open")
        found = self._pending or self._decode()
        self._pending = None
        if found is None:
            self._note_missing()
            if not self._loop or self._position == 0:
                return None
            self._pass_start = self._last_time + 1 / (self._fps or _ASSUMED_FPS)
            if not self._start_pass():
                self.close()
                raise FerdeskError(
                    f"The video '{self._shown}' could not be started again from its beginning; "
                    "it was moved or changed while it was playing."
                )
            found, self._pending = self._pending, None
            assert found is not None
        image, media_time = found
        # A container with broken timestamps must not send time backwards.
        self._last_time = max(self._last_time, self._pass_start + media_time)
        file = self._target if isinstance(self._target, Path) else None
        frame = Frame(image, self._index, self._last_time, time.perf_counter(), file)
        self._index += 1
        return frame

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture, self._pending = None, None

    def _start_pass(self) -> bool:
        """Open at the beginning and decode the first frame: only that shows that it can be."""
        self.close()
        capture = self._factory(str(self._target), cv2.CAP_FFMPEG, self._parameters)
        self._capture = capture
        self._position = 0
        if not capture.isOpened():
            return False
        self._refuse_giants(capture)
        self._fps = cap.frames_per_second(capture)
        self._promised = cap.frame_count(capture)
        self._pending = self._decode()
        return self._pending is not None

    def _refuse_giants(self, capture: cap.Capture) -> None:
        width = cap.number(capture, cv2.CAP_PROP_FRAME_WIDTH)
        height = cap.number(capture, cv2.CAP_PROP_FRAME_HEIGHT)
        if width * height > MAX_MEGAPIXELS * 1_000_000:
            self.close()
            raise FerdeskError(
                f"The video '{self._name}' has {width:,.0f}x{height:,.0f} pixels, more than "
                f"{MAX_MEGAPIXELS} megapixels; make it smaller first."
            )

    def _decode(self) -> tuple[NDArray[np.uint8], float] | None:
        """The next frame and its time within this pass in seconds."""
        assert self._capture is not None
        image = cap.read_image(self._capture)
        if image is None:
            return None
        # After read() the position is that of the frame just read; before it, the one before.
        stamp = cap.number(self._capture, cv2.CAP_PROP_POS_MSEC) / 1000
        if stamp <= 0:
            stamp = self._position / (self._fps or _ASSUMED_FPS)
        self._position += 1
        return to_bgr(image), stamp

    def _note_missing(self) -> None:
        if self._promised is None or self._warning:
            return
        missing = self._promised - self._position
        if missing > max(2.0, _TOLERATED_LOSS * self._promised):
            self._warning = (
                f"The video '{self._name}' breaks off after {self._position} of "
                f"{self._promised} frames; the file is incomplete or damaged."
            )
            logger.warning("%s", self._warning)
