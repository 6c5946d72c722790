"""Checks that only look: versions, files, folders. None of them runs native code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ferdesk.commands.doctor.report import Check, Status
from ferdesk.errors import FerdeskError
from ferdesk.resources import asset
from ferdesk.threads import thread_budget

PACKAGES: Final = (
    "av",
    "cv2-enumerate-cameras",
    "filelock",
    "jinja2",
    "markupsafe",
    "mediapipe",
    "numpy",
    "opencv-contrib-python",
    "openvino",
    "pillow",
    "platformdirs",
    "pyqtgraph",
    "pyside6-essentials",
    "safetensors",
    "torch",
    "tqdm",
)
"""The dependencies of pyproject.toml."""

OPTIONAL_PACKAGES: Final = ("openvino",)
"""Not published for every platform; ferdesk does without them."""

HOW_TO_STREAM: Final = "not installed; for live streams run: pip install 'ferdesk[stream]'"

CV2_PROVIDERS: Final = (
    "opencv-python",
    "opencv-contrib-python",
    "opencv-python-headless",
    "opencv-contrib-python-headless",
)
"""Distributions that all unpack the same package `cv2`."""

_MIN_FREE_MB: Final = 200


def installed(names: tuple[str, ...]) -> dict[str, str]:
    """Name -> version of those distributions that are installed."""
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def system() -> tuple[Check, ...]:
    """Python and machine."""
    version = platform.python_version()
    python = (
        Check("Python", Status.OK, f"{version} at {sys.executable}")
        if sys.version_info >= (3, 11)
        else Check("Python", Status.FAIL, f"{version} is too old; ferdesk needs 3.11 or newer.")
    )
    machine = f"{platform.system()} {platform.release()}, {platform.machine()}"
    return python, Check("platform", Status.OK, machine)


def threads() -> tuple[Check, ...]:
    """Cores, and how many threads ferdesk lets the libraries start."""
    budget = thread_budget()
    text = f"{os.cpu_count() or 1} cores; the model may use {budget.model}, OpenCV {budget.opencv}"
    return (Check("threads", Status.OK, text),)


def packages() -> tuple[Check, ...]:
    """Versions, and the combinations that are known to break."""
    versions = installed(PACKAGES)
    found = ", ".join(f"{name} {version}" for name, version in versions.items())
    absent = [name for name in PACKAGES if name not in versions]
    lines = [Check("versions", Status.OK, found)]
    for name in absent:
        if name in OPTIONAL_PACKAGES:
            text = f"{name} is not installed; the model runs in torch, which is slower on a CPU."
            lines.append(Check(name, Status.WARN, text))
        else:
            text = f"{name} is not installed; install ferdesk again with its dependencies."
            lines.append(Check(name, Status.FAIL, text))
    if "pyside6-essentials" in versions:
        lines.append(judge_pyside(versions["pyside6-essentials"], sys.version_info[:2]))
    lines.append(judge_cv2_providers(installed(CV2_PROVIDERS)))
    return tuple(lines)


def judge_pyside(version: str, python: tuple[int, int]) -> Check:
    """PySide6 6.12 and Python before 3.12 end in a fatal error within seconds."""
    major, minor = (int(part) for part in version.split(".")[:2])
    if python < (3, 12) and (major, minor) >= (6, 12):
        return Check(
            "PySide6",
            Status.FAIL,
            f"PySide6 {version} crashes Python {python[0]}.{python[1]}; "
            "run: pip install 'pyside6-essentials<6.12'",
        )
    return Check("PySide6", Status.OK, f"{version} suits Python {python[0]}.{python[1]}")


def judge_cv2_providers(versions: Mapping[str, str]) -> Check:
    """One distribution may provide cv2, or several at one identical version."""
    found = " and ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    if not versions:
        return Check("cv2 provider", Status.FAIL, "No OpenCV is installed; install ferdesk again.")
    if len(set(versions.values())) > 1:
        return Check(
            "cv2 provider",
            Status.FAIL,
            f"{found} overwrite each other; uninstall all of them, then run: "
            "pip install opencv-contrib-python",
        )
    if len(versions) > 1:
        return Check(
            "cv2 provider",
            Status.WARN,
            f"{found} share their files; it works while their versions are equal.",
        )
    return Check("cv2 provider", Status.OK, found)


def judge_cv2_loaded(loaded: str, versions: Mapping[str, str]) -> Check:
    """What `import cv2` gives must be what is installed; a half-overwritten cv2 is not."""
    if any(version == loaded or version.startswith(f"{loaded}.") for version in versions.values()):
        return Check("cv2", Status.OK, f"{loaded} loads")
    found = ", ".join(sorted(versions.values())) or "nothing"
    return Check(
        "cv2",
        Status.FAIL,
        f"cv2 says it is {loaded} but {found} is installed; uninstall every opencv package, "
        "then run: pip install opencv-contrib-python",
    )


def display() -> Check:
    """Whether a window could open at all."""
    if sys.platform != "linux":
        return Check("display", Status.OK, "the desktop of this system")
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(name):
            return Check("display", Status.OK, f"{name}={os.environ[name]}")
    return Check(
        "display",
        Status.WARN,
        "There is no display, so no window can open; 'ferdesk analyze' works without one.",
    )


def task_file() -> tuple[Check, ...]:
    """The landmark model is there and unaltered."""
    from ferdesk.vision.task import MODEL_NAME, MODEL_SHA256

    path = asset(MODEL_NAME)
    if hashlib.sha256(path.read_bytes()).hexdigest() != MODEL_SHA256:
        raise FerdeskError(f"'{path}' is altered or damaged; install ferdesk again to restore it.")
    return (Check("landmark model", Status.OK, f"{path} is unaltered"),)


def settings_file(path: Path) -> Check:
    """The settings can be read and every value in them is usable."""
    from ferdesk.ui.state.settings import parse

    if not path.exists():
        return Check("settings", Status.OK, f"none yet; they will be kept in {path}")
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        text = f"{path} cannot be read; ferdesk will start with its defaults."
        return Check("settings", Status.WARN, text)
    if not isinstance(raw, dict):
        text = f"{path} is not a settings file; ferdesk will start with its defaults."
        return Check("settings", Status.WARN, text)
    _, refused = parse(raw)
    if refused:
        text = f"{path} has unusable values for {', '.join(refused)}; their defaults are used."
        return Check("settings", Status.WARN, text)
    return Check("settings", Status.OK, f"{path} can be read")


def sentence(error: BaseException) -> str:
    """What an exception says, in one line; the user-visible ones are one sentence already."""
    text = " ".join(str(error).split())
    if isinstance(error, FerdeskError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def folder(name: str, path: Path) -> Check:
    """`path` can be written to and its disk has room."""
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path) as probe:
        probe.write(b"ferdesk")
    free = shutil.disk_usage(path).free // 1_000_000
    if free < _MIN_FREE_MB:
        return Check(name, Status.WARN, f"{path} has only {free} MB left on its disk.")
    return Check(name, Status.OK, f"{path} can be written to, {free // 1000} GB free")
