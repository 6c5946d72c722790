"""A camera, opened by name."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Frame
from ferdesk.sources import capture as cap
from ferdesk.sources.base import SourceInfo, SourceLostError
from ferdesk.sources.cameras import CameraInfo, backends, find_camera, list_cameras
from ferdesk.sources.frames import to_bgr

logger = logging.getLogger(__name__)

_FIRST_FRAME_SECONDS: Final = 2.0
_LOST_SECONDS: Final = 1.5
_RETRY_SECONDS: Final = 0.02
"""A failed read alone is common while a camera changes its exposure or the system is busy."""


@dataclass(frozen=True, slots=True)
class CameraMode:
    """What is asked of a camera; what it grants is in `SourceInfo`."""

    width: int = 640
    height: int = 480
    fps: float = 30.0


class CameraSource:
    """Frames of one camera in real time.

    `value` is an index, id, device path or name as in `find_camera`; "" is the first camera. A
    camera that stops giving frames raises SourceLostError; opening again finds it by the same
    value, also under a new index.
    """

    def __init__(
        self,
        value: str = "",
        *,
        mode: CameraMode | None = None,
        factory: cap.CaptureFactory = cap.open_capture,
        cameras: Callable[[int | None], tuple[CameraInfo, ...]] = list_cameras,
    ) -> None:
        self._value = value
        self._mode = mode or CameraMode()
        self._factory = factory
        self._cameras = cameras
        self._capture: cap.Capture | None = None
        self._name = ""
        self._pending: NDArray[np.uint8] | None = None
        self._index = 0
        self._started = 0.0

    @property
    def description(self) -> str:
        if self._name:
            return self._name
        if not self._value:
            return "Camera"
        return f"Camera {self._value}" if self._value.isdecimal() else self._value

    @property
    def warning(self) -> str:
        return ""

    def open(self) -> SourceInfo:
        self.close()
        _prepare_environment()
        camera = self._find()
        self._name = camera.name
        opened = False
        for candidate in self._candidates(camera):
            capture = self._factory(candidate.index, candidate.backend, ())
            self._capture = capture
            if capture.isOpened():
                opened = True
                self._ask_for_mode(capture)
                image = self._wait_for_image(capture, _FIRST_FRAME_SECONDS)
                if image is not None:
                    self._pending = image
                    return self._granted(capture, image)
            self.close()
        raise _cannot_open(camera, opened)

    def read(self) -> Frame | None:
        if self._capture is None:
            raise RuntimeError("the camera is not open")
        image, self._pending = self._pending, None
        if image is None:
            image = self._wait_for_image(self._capture, _LOST_SECONDS)
        if image is None:
            raise SourceLostError(
                f"The camera '{self._name}' stopped giving pictures; "
                "check its cable and whether another program took it."
            )
        now = time.perf_counter()
        if self._index == 0:
            self._started = now
        frame = Frame(image, self._index, now - self._started, now)
        self._index += 1
        return frame

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture, self._pending = None, None
        self._index = 0

    def _find(self) -> CameraInfo:
        known = self._cameras(None)
        camera = find_camera(self._value, known)
        if camera is not None:
            return camera
        if self._value.isdecimal() and (
            sys.platform != "linux" or _node(int(self._value)).exists()
        ):
            # Listing may know less than the backend, and a number can simply be tried.
            index = int(self._value)
            return CameraInfo(self._value, f"Camera {index}", index, backends()[0])
        if not known:
            raise FerdeskError(
                "No camera was found; connect one, or open a video or the built-in sample."
            )
        names = ", ".join(f"'{c.name}'" for c in known)
        raise FerdeskError(f"The camera '{self._value}' was not found; connected: {names}.")

    def _candidates(self, camera: CameraInfo) -> list[CameraInfo]:
        """The same camera in every backend: each counts in its own order, so go by name."""
        found = [camera]
        for backend in backends():
            if backend != camera.backend:
                found += [c for c in self._cameras(backend) if c.name == camera.name][:1]
        return found

    def _ask_for_mode(self, capture: cap.Capture) -> None:
        # The order matters: the format first, since most cameras reach full rate only in MJPG.
        capture.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG")))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._mode.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._mode.height)
        capture.set(cv2.CAP_PROP_FPS, self._mode.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def _granted(self, capture: cap.Capture, image: NDArray[np.uint8]) -> SourceInfo:
        height, width = image.shape[:2]
        fps = cap.frames_per_second(capture)
        detail = cap.mode_text(width, height, fps, cap.codec(capture), cap.backend_name(capture))
        logger.info("Camera '%s' granted %s", self._name, detail)
        return SourceInfo(
            name=self._name,
            width=width,
            height=height,
            fps=fps,
            live=True,
            frame_count=None,
            detail=detail,
        )

    @staticmethod
    def _wait_for_image(capture: cap.Capture, seconds: float) -> NDArray[np.uint8] | None:
        """The next picture; None after `seconds` without one."""
        deadline = time.monotonic() + seconds
        while True:
            image = cap.read_image(capture)
            if image is not None:
                return to_bgr(image)
            if time.monotonic() > deadline or not capture.isOpened():
                return None
            time.sleep(_RETRY_SECONDS)


def _prepare_environment() -> None:
    """Settings that OpenCV takes from the environment only."""
    if sys.platform == "linux":
        # Seconds that a read of a silent camera blocks; the default of 10 would hold up a stop.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
    elif sys.platform == "darwin":
        # OpenCV would wait for the permission dialogue in a way that only works on the main
        # thread; the system asks by itself when the camera starts.
        os.environ.setdefault("OPENCV_AVFOUNDATION_SKIP_AUTH", "1")


def _node(index: int) -> Path:
    return Path(f"/dev/video{index}")


def _cannot_open(camera: CameraInfo, opened: bool) -> FerdeskError:
    if opened:
        return FerdeskError(
            f"The camera '{camera.name}' was opened but gives no picture; close other programs "
            "that use it, or plug it in again."
        )
    if sys.platform == "linux":
        node = _node(camera.index)
        if not node.exists():
            return FerdeskError(
                f"The camera '{camera.name}' is not there any more ({node}); plug it in again."
            )
        if not os.access(node, os.R_OK | os.W_OK):
            return FerdeskError(
                f"There is no permission to use the camera '{camera.name}' ({node}); add this "
                "user to the group 'video' and log in again."
            )
    return FerdeskError(
        f"The camera '{camera.name}' is busy or not permitted; close other programs that use it "
        "and allow camera access in the system settings."
    )
