"""A camera, opened by name."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.sources import capture as cap
from ferdesk.sources.base import Frame, SourceBusyError, SourceInfo, SourceLostError
from ferdesk.sources.camera_pictures import CameraPictures, Trouble
from ferdesk.sources.cameras import CameraInfo, backends, find_again, find_camera, list_cameras

logger = logging.getLogger(__name__)

_FIRST_FRAME_SECONDS: Final = 2.0
_LOST_SECONDS: Final = 1.5

_LOST: Final = {
    Trouble.SILENT: "The camera '{name}' stopped giving pictures; "
    "check its cable and whether another program took it.",
    Trouble.DAMAGED: "The pictures of the camera '{name}' arrive damaged; "
    "try another cable, or another socket without a hub.",
    Trouble.FROZEN: "The camera '{name}' gives the same picture over and over; "
    "open its cover, or plug it in again.",
    Trouble.GONE: "The camera '{name}' was unplugged; plug it in again.",
}


@dataclass(frozen=True, slots=True)
class CameraMode:
    """What is asked of a camera; what it grants is in `SourceInfo`."""

    width: int = 640
    height: int = 480
    fps: float = 30.0


class CameraSource:
    """Frames of one camera in real time.

    `value` is an index, id, device path or name as in `find_camera`; "" is the first camera. A
    camera that stops giving pictures, or gives only damaged or frozen ones, raises
    SourceLostError. Opening again finds the same camera by its id or name, also under a new
    index; no other camera takes its place. A camera that another program uses raises
    SourceBusyError.
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
        self._camera: CameraInfo | None = None
        self._name = ""
        self._pictures: CameraPictures | None = None
        self._stuck: NDArray[Any] | None = None
        self._damaged = 0
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
        if not self._damaged:
            return ""
        return f"{self._damaged} pictures of the camera '{self._name}' arrived damaged."

    def open(self) -> SourceInfo:
        self.close()
        _prepare_environment()
        camera = self._find()
        self._name = camera.name
        trouble: Trouble | None = None
        for candidate in self._candidates(camera):
            capture = self._factory(candidate.index, candidate.backend, ())
            self._capture = capture
            if capture.isOpened():
                self._ask_for_mode(capture)
                pictures = self._watch(capture, candidate)
                image = pictures.wait(_FIRST_FRAME_SECONDS)
                if image is not None:
                    self._camera, self._pictures, self._pending = camera, pictures, image
                    return self._granted(capture, image)
                trouble = pictures.trouble
            self.close()
        raise _cannot_open(camera, trouble)

    def read(self) -> Frame | None:
        if self._capture is None or self._pictures is None:
            raise RuntimeError("the camera is not open")
        image, self._pending = self._pending, None
        if image is None:
            before = self._pictures.damaged
            image = self._pictures.wait(_LOST_SECONDS)
            self._damaged += self._pictures.damaged - before
        if image is None:
            self._stuck = self._pictures.stuck
            raise SourceLostError(_LOST[self._pictures.trouble].format(name=self._name))
        now = time.perf_counter()
        if self._index == 0:
            self._started = now
        frame = Frame(image, self._index, now - self._started, now)
        self._index += 1
        return frame

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture, self._pictures, self._pending = None, None, None
        self._index = 0

    def _watch(self, capture: cap.Capture, camera: CameraInfo) -> CameraPictures:
        def gone() -> bool:
            return camera.backend == cv2.CAP_V4L2 and not _node(camera.index).exists()

        return CameraPictures(capture, camera.backend, gone=gone, stuck=self._stuck)

    def _find(self) -> CameraInfo:
        known = self._cameras(None)
        camera = find_again(self._camera, known) if self._camera else None
        if camera is None and (self._camera is None or not self._camera.listed):
            camera = find_camera(self._value, known)
        if camera is not None:
            return camera
        unknown = self._camera is None or not self._camera.listed
        if (
            unknown
            and self._value.isdecimal()
            and (sys.platform != "linux" or _node(int(self._value)).exists())
        ):
            # Listing may know less than the backend, and a number can simply be tried.
            index = int(self._value)
            return CameraInfo(self._value, f"Camera {index}", index, backends()[0], listed=False)
        if not known:
            raise FerdeskError(
                "No camera was found; connect one, or open a video or the built-in sample."
            )
        names = ", ".join(f"'{c.name}'" for c in known)
        wanted = self._camera.name if self._camera else self._value
        raise FerdeskError(f"The camera '{wanted}' was not found; connected: {names}.")

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


def _cannot_open(camera: CameraInfo, trouble: Trouble | None) -> FerdeskError:
    """`trouble` is what a camera that could be opened had instead of pictures."""
    if trouble is Trouble.SILENT:
        return FerdeskError(
            f"The camera '{camera.name}' was opened but gives no picture; close other programs "
            "that use it, or plug it in again."
        )
    if trouble is not None:
        return FerdeskError(_LOST[trouble].format(name=camera.name))
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
        return SourceBusyError(
            f"The camera '{camera.name}' is busy: another program uses it; close that program."
        )
    return SourceBusyError(
        f"The camera '{camera.name}' is busy or not permitted; close other programs that use it "
        "and allow camera access in the system settings."
    )
