"""One virtual environment a rival, made once and never mixed with ferdesk's own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferdesk.errors import FerdeskError

log = logging.getLogger(__name__)

Runner = Callable[[Sequence[str], Path], int]
"""Runs a command, its output appended to a file; returns the exit status."""

_COMMON = (
    # The same kernels without CUDA, where such a build exists.
    "tensorflow-cpu==2.21.0; sys_platform == 'linux' and platform_machine == 'x86_64'",
    "tensorflow==2.21.0; sys_platform != 'linux' or platform_machine != 'x86_64'",
    # OpenCV 5 has no Haar cascades, and both rivals find faces with them.
    "opencv-contrib-python==4.14.0.94",
    "numpy==2.4.6",
)


@dataclass(frozen=True, slots=True)
class Rival:
    """A package to compare with."""

    key: str
    """Its name in `worker.READERS` and of its folder."""
    title: str
    packages: tuple[str, ...]
    """Installed with what they require."""
    bare: tuple[str, ...]
    """Installed without what they require: it is in `packages`, as far as it is used."""


RIVALS: tuple[Rival, ...] = (
    Rival(
        key="fer",
        title="fer 25.10.3",
        # fer imports pkg_resources. It also names facenet-pytorch, which serves only its other
        # detector and would bring an old torch, and packages for making videos.
        packages=(*_COMMON, "setuptools==80.9.0", "requests==2.34.2", "pillow==13.0.0"),
        bare=("fer==25.10.3",),
    ),
    Rival(
        key="facex",
        title="facex 1.1.0",
        packages=(*_COMMON, "scikit-image==0.26.0"),
        bare=("facex==1.1.0",),
    ),
)


def interpreter(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run_logged(command: Sequence[str], output: Path) -> int:
    """The `Runner` that really runs."""
    with output.open("a", encoding="utf-8") as file:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode


def last_line(path: Path) -> str:
    """The last line with anything on it, or "no output"."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "no output")


def ensure(rival: Rival, work: Path, run: Runner = run_logged) -> Path:
    """The Python of the rival's environment under `work`, made or completed now if need be.

    A note of what was installed is written last, so an interrupted installation goes on the next
    time. Raises FerdeskError when it fails.
    """
    folder = work / rival.key
    note = folder / "installed.json"
    wanted = {"packages": [*rival.packages, *rival.bare], "python": sys.version}
    python = interpreter(folder)
    present = json.loads(note.read_text()) if note.is_file() else None
    if present == wanted and python.exists():
        return python
    output = work / f"{rival.key}-install.log"
    work.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    make = [sys.executable, "-m", "venv", *(["--clear"] if present else []), str(folder)]
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    log.info("installing %s into '%s' (about 2 GB, some minutes)", rival.title, folder)
    for command in (make, [*pip, *rival.packages], [*pip, "--no-deps", *rival.bare]):
        try:
            status = run(command, output)
        except OSError as error:
            raise FerdeskError(f"{rival.title} could not be installed: {error}.") from error
        if status:
            raise FerdeskError(
                f"{rival.title} could not be installed ({last_line(output)}); the whole output is "
                f"in '{output}'."
            )
    note.write_text(json.dumps(wanted))
    return python
