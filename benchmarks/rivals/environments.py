"""One virtual environment per rival, made once and never mixed with ferdesk's own."""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals.commands import Runner, install
from benchmarks.rivals.npm import NpmPackage, fetch, find_npm

log = logging.getLogger(__name__)

_TENSORFLOW = (
    # The same kernels without CUDA, where such a build exists.
    "tensorflow-cpu==2.21.0; sys_platform == 'linux' and platform_machine == 'x86_64'",
    "tensorflow==2.21.0; sys_platform != 'linux' or platform_machine != 'x86_64'",
    # OpenCV 5 has no Haar cascades, and both rivals on TensorFlow find faces with them.
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
    bare: tuple[str, ...] = ()
    """Installed without what they require: it is in `packages`, as far as it is used."""
    npm: NpmPackage | None = None
    """Where its network comes from; the files go to the folder "files" of the environment."""


RIVALS: tuple[Rival, ...] = (
    Rival(
        key="fer",
        title="fer 25.10.3",
        # fer imports pkg_resources. It also names facenet-pytorch, which serves only its other
        # detector and would bring an old torch, and packages for making videos.
        packages=(*_TENSORFLOW, "setuptools==80.9.0", "requests==2.34.2", "pillow==13.0.0"),
        bare=("fer==25.10.3",),
    ),
    Rival(
        key="facex",
        title="facex 1.1.0",
        packages=(*_TENSORFLOW, "scikit-image==0.26.0"),
        bare=("facex==1.1.0",),
    ),
    Rival(
        key="faceplugin",
        title="faceplugin 0.0.1",
        packages=("onnxruntime==1.32.0", "opencv-python-headless==4.14.0.94", "numpy==2.4.6"),
        npm=NpmPackage(
            "faceplugin-face-recognition-js@0.0.1",
            (
                (
                    "package.json",
                    "ce5e1c47c696bdd0d8855d0d50e8848ea953e30e70c5075ddbe74aa646ed5c65",
                ),
                (
                    "model/fr_detect.onnx",
                    "6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854",
                ),
                (
                    "model/fr_expression.onnx",
                    "88959314d9dc14d6c968cca31dc068e4350bf1944154e3bdd2eece5d0f318d05",
                ),
            ),
        ),
    ),
)


def interpreter(folder: Path) -> Path:
    """The Python of a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure(rival: Rival, work: Path, run: Runner) -> Path:
    """The Python of the rival's environment under `work`, made or completed now if need be.

    A note of what was installed is written last, so an interrupted installation goes on the next
    time. Raises FerdeskError when it fails.
    """
    folder = work / rival.key
    note = folder / "installed.json"
    wanted = {
        "packages": [*rival.packages, *rival.bare],
        "npm": rival.npm.spec if rival.npm is not None else "",
        "python": sys.version,
    }
    python = interpreter(folder)
    present = json.loads(note.read_text()) if note.is_file() else None
    if present == wanted and python.exists():
        return python
    if rival.npm is not None:
        find_npm(rival.npm)  # said before minutes are spent on the packages
    output = work / f"{rival.key}-install.log"
    work.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    log.info("installing %s into '%s' (some minutes)", rival.title, folder)
    make = [sys.executable, "-m", "venv", *(["--clear"] if present else []), str(folder)]
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    install(rival.title, make, output, run)
    install(rival.title, [*pip, *rival.packages], output, run)
    if rival.bare:
        install(rival.title, [*pip, "--no-deps", *rival.bare], output, run)
    if rival.npm is not None:
        fetch(rival.npm, folder / "files", output, run)
    note.write_text(json.dumps(wanted))
    return python
