"""Checks that run native code, each in a process of its own.

A crash, an abort or a hang of a library then costs one line of the report instead of the report.
`python -m ferdesk.commands.doctor.probes NAME` is the process; it prints each check at once.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferdesk.commands.doctor import checks
from ferdesk.commands.doctor.report import Check, Status
from ferdesk.errors import FerdeskError
from ferdesk.resources import DEFAULT_CHECKPOINT, asset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ferdesk.sources.cameras import CameraInfo

PORTRAIT: Final = "portrait.png"

_CAMERA_PICTURES: Final = 20
_MARK: Final = "ferdesk-probe:"
_END: Final = "end"
_TIMEOUT: Final = 90.0
"""Seconds after which a probe counts as hanging; loading torch from a cold disk takes ten."""

_QT: Final = (
    "from PySide6.QtWidgets import QApplication; from PySide6.QtCore import qVersion; "
    "app = QApplication([]); print(app.platformName(), qVersion())"
)
"""Run as it stands, so that nothing of ferdesk but its window imports Qt."""


# --- in the doctor's process --------------------------------------------------------------------


def run(name: str, timeout: float = _TIMEOUT) -> tuple[Check, ...]:
    """The checks of one probe; a failed one comes last when its process did not get to the end."""
    code, out, err = _process(["-m", "ferdesk.commands.doctor.probes", name], {}, timeout)
    marked = [line.removeprefix(_MARK) for line in out.splitlines() if line.startswith(_MARK)]
    items = [json.loads(line) for line in marked if line != _END]
    results = [Check(i["name"], Status(i["status"]), i["message"]) for i in items]
    if _END not in marked:
        results.append(Check(name, Status.FAIL, _ending(code, err, timeout)))
    return tuple(results)


def qt(platform: str | None = None, timeout: float = _TIMEOUT) -> Check:
    """A QApplication starts on Qt's `platform` plugin (None: the one this desktop gets)."""
    name = f"Qt {platform}" if platform else "Qt"
    changes = {"QT_QPA_PLATFORM": platform} if platform else {}
    code, out, err = _process(["-c", _QT], changes, timeout)
    if code == 0 and out.split():
        plugin, version = out.split()[-2:]
        return Check(name, Status.OK, f"Qt {version} starts on '{plugin}'")
    return Check(name, Status.FAIL, _ending(code, err, timeout))


def _process(
    arguments: list[str], changes: Mapping[str, str], timeout: float
) -> tuple[int | None, str, str]:
    """Exit code (None: it had to be stopped), stdout and stderr of a Python of our own."""
    root = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": path, **changes},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return None, _text(error.stdout), _text(error.stderr)
    return done.returncode, done.stdout, done.stderr


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def _ending(code: int | None, stderr: str, timeout: float) -> str:
    """How a process ended that did not report, with the last thing it said."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    said = f": {lines[-1]}" if lines else "."
    if code is None:
        return f"It did not answer within {timeout:.0f} s and was stopped{said}"
    if code < 0:
        return f"Its process crashed with {signal.Signals(-code).name}{said}"
    return f"Its process ended with code {code}{said}"


# --- in the probe's process ---------------------------------------------------------------------


def _cv2() -> Iterator[Check]:
    import cv2

    yield checks.judge_cv2_loaded(cv2.__version__, checks.installed(checks.CV2_PROVIDERS))


def _files() -> Iterator[Check]:
    from ferdesk.paths import cache_dir, config_dir, state_dir
    from ferdesk.ui.state.settings_file import FILE_NAME

    yield checks.settings_file(config_dir() / FILE_NAME)
    yield checks.folder("settings folder", config_dir())
    yield checks.folder("state folder", state_dir())
    yield checks.folder("cache folder", cache_dir())


def _streams() -> Iterator[Check]:
    """What is not installed was not asked for, and is no fault."""
    for name, package in (("OSC", "python-osc"), ("WebSocket", "websockets")):
        version = checks.installed((package,)).get(package)
        text = f"{package} {version}" if version else checks.HOW_TO_STREAM
        yield Check(name, Status.OK, text)
    yield _lsl()


def _lsl() -> Check:
    if not checks.installed(("pylsl",)):
        return Check("LSL", Status.OK, checks.HOW_TO_STREAM)
    from ferdesk.streams.lsl import import_pylsl

    try:
        pylsl = import_pylsl()
    except FerdeskError as error:
        return Check("LSL", Status.WARN, str(error))
    library = pylsl.library_version()
    found = f"pylsl {pylsl.__version__}, liblsl {library // 100}.{library % 100:02}"
    return Check("LSL", Status.OK, found)


def _cameras() -> Iterator[Check]:
    from ferdesk.sources.cameras import list_cameras

    found = list_cameras()
    for camera in found:
        yield _camera(camera)
    if not found:
        text = "No camera was found; plug one in, or open a video or the built-in sample."
        yield Check("cameras", Status.WARN, text)


def _camera(camera: CameraInfo) -> Check:
    """Open it as the window would, and count its pictures."""
    from ferdesk.sources.camera import CameraSource

    name = f"camera {camera.index}"
    source = CameraSource(str(camera.index))
    try:
        mode = source.open().detail
        source.read()
        start = time.perf_counter()
        for _ in range(_CAMERA_PICTURES):
            source.read()
        rate = _CAMERA_PICTURES / (time.perf_counter() - start)
    except FerdeskError as error:
        return Check(name, Status.WARN, f"{camera.name} ({camera.id}): {error}")
    finally:
        source.close()
    text = f"{camera.name} ({camera.id}) opens at {mode} and gives {rate:.0f} pictures per second"
    if source.warning:
        return Check(name, Status.WARN, f"{text}. {source.warning}")
    return Check(name, Status.OK, text)


def _landmarker() -> Iterator[Check]:
    from ferdesk.vision.landmarker import Landmarker

    rgb = _portrait()
    with Landmarker(mode="image") as landmarker:
        landmarker.detect(rgb)
        start = time.perf_counter()
        faces = landmarker.detect(rgb)
        took = (time.perf_counter() - start) * 1000
    if len(faces) != 1:
        text = f"It found {len(faces)} faces in '{PORTRAIT}' instead of one."
        yield Check("landmarker", Status.FAIL, text)
        return
    yield Check("landmarker", Status.OK, f"finds the face in '{PORTRAIT}' in {took:.0f} ms")
    yield _followed(rgb)


def _followed(rgb: NDArray[np.uint8]) -> Check:
    from ferdesk.paths import networks_dir
    from ferdesk.vision.finder import FaceFinder

    durations = []
    with contextlib.closing(FaceFinder(1, folder=networks_dir())) as finder:
        for frame in range(4):
            start = time.perf_counter()
            faces = [face.complete() for face in finder.find(rgb, frame / 25).faces]
            durations.append((time.perf_counter() - start) * 1000)
    text = f"{finder.engine} follows the face in {min(durations):.0f} ms"
    if len(faces) != 1:
        return Check("videos", Status.FAIL, f"{len(faces)} faces were followed instead of one.")
    if finder.engine != "OpenVINO" and importlib.util.find_spec("openvino"):
        text += "; OpenVINO is quicker, but fails here: install ferdesk again"
        return Check("videos", Status.WARN, text)
    return Check("videos", Status.OK, text)


def _model() -> Iterator[Check]:
    from ferdesk.model.checkpoint import read_card
    from ferdesk.model.devices import available_devices

    path = asset(DEFAULT_CHECKPOINT)
    card = read_card(path)
    yield Check("checkpoint", Status.OK, f"{card.name}, made {card.created or 'at no stated time'}")
    crop = _portrait_crop()
    for device in available_devices():
        if not device.available:
            yield Check(device.name, Status.OK, f"not used: {device.reason}")
            continue
        try:
            yield _prediction(path, device.key, device.name, crop)
        except Exception as error:  # noqa: BLE001  # the other devices are still to be tried
            yield Check(device.name, Status.FAIL, checks.sentence(error))
    if sys.modules.get("openvino_telemetry") is not None:
        text = "openvino-telemetry was loaded and may report to Intel; run: opt_in_out --opt_out"
        yield Check("telemetry", Status.WARN, text)


def _prediction(path: Path, key: str, name: str, crop: NDArray[np.uint8]) -> Check:
    from ferdesk.model.labels import EXPRESSIONS
    from ferdesk.pipeline.loader import load_predictor

    predictor = load_predictor(path, key)
    durations = []
    for _ in range(3):
        start = time.perf_counter()
        final = predictor.predict(crop[None]).final[0]
        durations.append((time.perf_counter() - start) * 1000)
    if abs(float(final.sum()) - 1) > 0.01:
        text = f"It answered with probabilities that add up to {final.sum():.3f} instead of 1."
        return Check(name, Status.FAIL, text)
    label = EXPRESSIONS[int(final.argmax())]
    return Check(
        name,
        Status.OK,
        f"reads '{PORTRAIT}' as {label} ({final.max():.2f}), {min(durations):.0f} ms",
    )


def _portrait() -> NDArray[np.uint8]:
    """The shipped picture of one face, (H, W, 3) uint8 RGB and contiguous."""
    from ferdesk.pictures import read_picture

    return read_picture(asset(PORTRAIT))[..., ::-1].copy()


def _portrait_crop() -> NDArray[np.uint8]:
    """The aligned crop of its face, (112, 112, 3) uint8 RGB."""
    from ferdesk.vision.crop import align_face
    from ferdesk.vision.landmarker import Landmarker

    rgb = _portrait()
    with Landmarker(mode="image") as landmarker:
        return align_face(rgb, landmarker.detect(rgb)[0].points)


PROBES: Final[dict[str, Callable[[], Iterator[Check]]]] = {
    "cameras": _cameras,
    "cv2": _cv2,
    "files": _files,
    "landmarker": _landmarker,
    "model": _model,
    "streams": _streams,
}


def _main(name: str) -> None:
    try:
        from ferdesk.bootstrap import prepare_environment

        prepare_environment()
        for check in PROBES[name]():
            _emit(json.dumps(asdict(check)))
    except Exception as error:  # noqa: BLE001  # whatever breaks is what the doctor is to report
        _emit(json.dumps(asdict(Check(name, Status.FAIL, checks.sentence(error)))))
    _emit(_END)


def _emit(line: str) -> None:
    sys.stdout.write(f"\n{_MARK}{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main(sys.argv[1])
