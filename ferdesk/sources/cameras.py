"""Which cameras are connected. Listing them never raises."""

from __future__ import annotations

import logging
import os
import struct
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2

logger = logging.getLogger(__name__)

BACKENDS: Final[dict[str, tuple[int, ...]]] = {
    "linux": (cv2.CAP_V4L2,),
    "win32": (cv2.CAP_DSHOW, cv2.CAP_MSMF),
    "darwin": (cv2.CAP_AVFOUNDATION,),
}
"""In the order in which they are tried. MSMF opens slowly, so it comes second."""

_QUERY_CAPABILITY: Final = 0x80685600  # VIDIOC_QUERYCAP of linux/videodev2.h
_CAPABILITY_BYTES: Final = 104  # sizeof(struct v4l2_capability)
_DEVICE_CAPS_AT: Final = 88
_VIDEO_CAPTURE: Final = 0x00000001

_V4L = Path("/sys/class/video4linux")
_BY_ID = Path("/dev/v4l/by-id")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """One camera as one backend sees it."""

    id: str
    """Stable across restarts and, where the system allows, across sockets."""
    name: str
    """For the screen; cameras of one name are told apart by a number."""
    index: int
    """What the backend counts it as today."""
    backend: int
    """cv2.CAP_*"""
    listed: bool = True
    """False: only its number is known, no list has it."""


def backends() -> tuple[int, ...]:
    """The capture backends of this system in the order in which they are tried."""
    return BACKENDS.get(sys.platform, (cv2.CAP_ANY,))


def list_cameras(backend: int | None = None) -> tuple[CameraInfo, ...]:
    """The cameras that `backend` (default: the system's first) knows, in its order."""
    backend = backends()[0] if backend is None else backend
    try:
        return _numbered(_enumerated(backend))
    except Exception:
        logger.warning("The cameras could not be listed; looking for device files", exc_info=True)
    try:
        return _numbered(_device_files(backend))
    except OSError:
        logger.warning("The camera device files could not be read", exc_info=True)
        return ()


def find_camera(value: str, cameras: Iterable[CameraInfo]) -> CameraInfo | None:
    """The camera meant by an index, id, device path or name; "" means the first one.

    A part of a name is enough when no other camera has it too.
    """
    known = list(cameras)
    if not value:
        return known[0] if known else None
    if value.isdecimal():
        return next((c for c in known if c.index == int(value)), None)
    wanted = value.casefold()
    for camera in known:
        if value == camera.id or wanted == camera.name.casefold():
            return camera
    if value.startswith("/dev/video") and value.removeprefix("/dev/video").isdecimal():
        return find_camera(value.removeprefix("/dev/video"), known)
    partly = [c for c in known if wanted in c.name.casefold()]
    return partly[0] if len(partly) == 1 else None


def find_again(camera: CameraInfo, cameras: Iterable[CameraInfo]) -> CameraInfo | None:
    """The camera that was in use before, whatever number it has now.

    Its id is what it is known by where the system gives lasting ones; a device path is none, as
    another camera may have taken it, so the name decides then.
    """
    known = list(cameras)
    lasting = not camera.id.startswith("/dev/video")
    found = [c for c in known if c.id == camera.id and (lasting or c.name == camera.name)]
    found += [c for c in known if c.name == camera.name]
    return found[0] if found else None


def _enumerated(backend: int) -> list[CameraInfo]:
    from cv2_enumerate_cameras import enumerate_cameras

    stable = _stable_ids()
    return [
        CameraInfo(
            id=stable.get(str(camera.path), str(camera.path or f"{camera.name}#{camera.index}")),
            name=str(camera.name or f"Camera {camera.index}").strip(),
            index=int(camera.index),
            backend=backend,
        )
        for camera in enumerate_cameras(backend)
    ]


def _device_files(backend: int) -> list[CameraInfo]:
    """What Linux tells in plain files, for when the enumeration fails; elsewhere nothing."""
    if not sys.platform.startswith("linux"):
        return []
    stable = _stable_ids()
    found = []
    for device in Path("/dev").iterdir():
        number = device.name.removeprefix("video")
        if device.name == number or not number.isdecimal() or not _gives_pictures(device):
            continue
        label = _V4L / device.name / "name"
        name = label.read_text(errors="replace").strip() if label.is_file() else device.name
        found.append(CameraInfo(stable.get(str(device), str(device)), name, int(number), backend))
    return found


def _gives_pictures(device: Path) -> bool:
    """False for the nodes on which a camera hands out metadata only; True when unknown."""
    import fcntl

    answer = bytearray(_CAPABILITY_BYTES)
    try:
        descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.ioctl(descriptor, _QUERY_CAPABILITY, answer)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    (capabilities,) = struct.unpack_from("=I", answer, _DEVICE_CAPS_AT)
    return bool(capabilities & _VIDEO_CAPTURE)


def _stable_ids() -> dict[str, str]:
    """On Linux: /dev/videoN -> the link udev names after vendor and serial number."""
    if not _BY_ID.is_dir():
        return {}
    return {str(link.resolve()): str(link) for link in sorted(_BY_ID.iterdir())}


def _numbered(cameras: list[CameraInfo]) -> tuple[CameraInfo, ...]:
    seen: Counter[str] = Counter()
    result = []
    for camera in sorted(cameras, key=lambda c: c.index):
        seen[camera.name] += 1
        count = seen[camera.name]
        result.append(camera if count == 1 else replace(camera, name=f"{camera.name} ({count})"))
    return tuple(result)
