"""Scenes in front of a camera without hardware, each in a process of its own.

`python -m tests.unit.sources.fake_camera SCENE` runs under the preloaded camera (`FAKECAM_CONTROL`
names the file that says what it does) and prints what the sources made of it as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ferdesk.errors import FerdeskError
from ferdesk.sources.base import SourceLostError
from ferdesk.sources.camera import CameraSource
from ferdesk.sources.cameras import list_cameras

NAME: Final = "Fake Cam HD: Fake Cam HD"


def act(mode: str) -> None:
    """Tell the camera what to do from now on; it looks every 10 ms."""
    control = Path(os.environ["FAKECAM_CONTROL"])
    control.with_suffix(".new").write_text(mode)
    control.with_suffix(".new").replace(control)
    time.sleep(0.05)


def read(camera: CameraSource, count: int) -> list[Any]:
    """Pictures, or the one sentence that ended them."""
    found: list[Any] = []
    for _ in range(count):
        try:
            frame = camera.read()
        except SourceLostError as error:
            return [*found, str(error)]
        assert frame is not None
        found.append([frame.image.shape, round(float(frame.image[0, 0].mean()))])
    return found


def opened(camera: CameraSource) -> str:
    """The granted mode, or the kind of error and its sentence."""
    try:
        return camera.open().detail
    except FerdeskError as error:
        return f"{type(error).__name__}: {error}"


def lost(mode: str) -> dict[str, Any]:
    """Open, do `mode` until the camera counts as lost, do well again and open again."""
    camera = CameraSource("")
    act("ok")
    result: dict[str, Any] = {"opened": opened(camera), "first": read(camera, 3)}
    act(mode)
    start = time.monotonic()
    result["said"] = read(camera, 300)[-1]
    result["seconds"] = time.monotonic() - start
    camera.close()
    if mode in ("unplug", "corrupt"):
        result["still"] = opened(camera)
    act("ok")
    start = time.monotonic()
    result["again"] = opened(camera)
    result["back"] = read(camera, 2)
    result["back_seconds"] = time.monotonic() - start
    result["warning"] = camera.warning
    camera.close()
    return result


def listed() -> dict[str, Any]:
    act("ok")
    return {"cameras": [[c.name, c.index, c.id] for c in list_cameras()]}


def listed_by_files() -> dict[str, Any]:
    """Without the library that enumerates, and with two cameras."""
    sys.modules["cv2_enumerate_cameras"] = None  # type: ignore[assignment]
    return listed()


def rate() -> dict[str, Any]:
    act("ok")
    camera = CameraSource(NAME)
    detail = opened(camera)
    read(camera, 5)
    start = time.monotonic()
    frames = read(camera, 30)
    seconds = time.monotonic() - start
    camera.close()
    return {"detail": detail, "name": camera.description, "fps": 30 / seconds, "frames": frames}


def moved() -> dict[str, Any]:
    """Opened as number 0, it comes back as number 4."""
    act("ok")
    camera = CameraSource("0")
    result: dict[str, Any] = {"opened": opened(camera)}
    act("moved")
    result["said"] = read(camera, 10)[-1]
    result["again"] = opened(camera)
    result["frames"] = read(camera, 3)
    result["cameras"] = [[c.name, c.index] for c in list_cameras()]
    camera.close()
    return result


def refused() -> dict[str, Any]:
    """What opening says in every mode in which it cannot work."""
    result = {}
    for mode in ("busy", "busyopen", "eacces", "eio", "unplug", "bomb"):
        act(mode)
        camera = CameraSource(NAME)
        result[mode] = opened(camera)
        camera.close()
    act("ok")
    result["ok"] = opened(camera)
    camera.close()
    return result


def one_bad() -> dict[str, Any]:
    """Single damaged pictures are left out, and none is shown twice for them."""
    act("ok")
    camera = CameraSource("")
    opened(camera)
    frames = read(camera, 5)
    act("truncated")
    threading.Timer(0.2, act, ["ok"]).start()
    frames += read(camera, 20)
    camera.close()
    return {"frames": frames, "warning": camera.warning}


SCENES: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "listed": listed,
    "listed_by_files": listed_by_files,
    "rate": rate,
    "moved": moved,
    "refused": refused,
    "one_bad": one_bad,
    **{m: (lambda m=m: lost(m)) for m in ("unplug", "stall", "corrupt", "truncated", "black")},
}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(SCENES[sys.argv[1]]()) + "\n")
