"""Cameras on a real V4L2 interface: a shim pretends one below OpenCV.

It lies beside the repository, like the data; where it or a compiler is missing, nothing is tested.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferdesk.commands.doctor import Status, probes

from .fake_camera import NAME

REPOSITORY = Path(__file__).resolve().parents[3]
SHIM = REPOSITORY.parent / "shared" / "tools" / "fakecam" / "fakecam.c"
COMPILER = shutil.which("gcc") or shutil.which("cc")

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None or not SHIM.is_file(),
    reason="needs the pretended camera beside the repository and a C compiler",
)

Run = Callable[..., dict[str, Any]]
MODE = "640x480, 30 fps, MJPG, V4L2"
SHAPE = [480, 640, 3]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a process needs to see the camera."""
    assert COMPILER is not None
    folder = tmp_path_factory.mktemp("camera")
    shim = folder / "fakecam.so"
    subprocess.run(
        [COMPILER, "-O1", "-w", "-shared", "-fPIC", "-o", shim, SHIM, "-ldl", "-lpthread"],
        check=True,
    )
    noise = np.random.default_rng(0).integers(0, 60, (480, 640, 3), np.uint8)
    pictures = []
    for number in range(60):
        picture = np.roll(noise, 7 * number, axis=1)
        picture[:40, :40] = 4 * number  # says its number
        pictures.append(cv2.imencode(".jpg", picture)[1].tobytes())
    (folder / "clip.mjpg").write_bytes(b"".join(pictures))
    (folder / "black.jpg").write_bytes(cv2.imencode(".jpg", np.zeros_like(noise))[1].tobytes())
    return {
        **os.environ,
        "LD_PRELOAD": str(shim),
        "FAKECAM_MJPG": str(folder / "clip.mjpg"),
        "FAKECAM_BLACK": str(folder / "black.jpg"),
        "FAKECAM_CONTROL": str(folder / "control"),
        "PYTHONPATH": str(REPOSITORY),
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def scene(name: str, **extra: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.unit.sources.fake_camera", name],
            env={**environment, **extra},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    return scene


@pytest.mark.parametrize("scene", ["listed", "listed_by_files"])
def test_listed_by_name_without_its_metadata_node(run: Run, scene: str) -> None:
    assert run(scene, FAKECAM_COUNT="2")["cameras"] == [
        [NAME, 0, "/dev/video0"],
        [f"{NAME} (2)", 2, "/dev/video2"],
    ]


def test_full_rate_and_every_picture_once(run: Run) -> None:
    # A busy machine may miss pictures; a camera that is read too slowly does so every time.
    result = next(filter(lambda tried: tried["fps"] > 24, (run("rate") for _ in range(3))))
    assert result["detail"] == MODE
    assert result["name"] == NAME
    assert result["fps"] < 36
    assert all(shape == SHAPE for shape, _ in result["frames"])
    numbers = [number for _, number in result["frames"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("scene", "said", "seconds"),
    [
        ("unplug", "was unplugged", 1.4),
        ("stall", "stopped giving pictures", 10.0),
        ("corrupt", "arrive damaged", 10.0),
        ("truncated", "arrive damaged", 10.0),
        ("black", "same picture over and over", 15.0),
    ],
)
def test_lost_and_back(run: Run, scene: str, said: str, seconds: float) -> None:
    result = run(scene)
    assert result["opened"] == MODE
    assert [shape for shape, _ in result["first"]] == [SHAPE] * 3
    assert said in result["said"]
    assert result["seconds"] < seconds
    if scene == "unplug":
        assert "No camera was found" in result["still"]
    if scene == "corrupt":
        assert "arrive damaged" in result["still"]
        assert "arrived damaged" in result["warning"]
    assert result["again"] == MODE
    assert [shape for shape, _ in result["back"]] == [SHAPE] * 2
    assert result["back_seconds"] < 10


def test_single_damaged_pictures_are_left_out(run: Run) -> None:
    result = run("one_bad")
    numbers = [number for _, number in result["frames"]]
    assert len(numbers) == 25
    assert len(set(numbers)) == 25
    assert "arrived damaged" in result["warning"]


def test_back_under_another_number(run: Run) -> None:
    result = run("moved")
    assert "was unplugged" in result["said"]
    assert result["again"] == MODE
    assert [shape for shape, _ in result["frames"]] == [SHAPE] * 3
    assert result["cameras"] == [[NAME, 4]]


def test_what_cannot_be_opened_is_said(run: Run) -> None:
    result = run("refused")
    for mode, said in {
        "busy": "SourceBusyError: The camera",
        "busyopen": "another program uses it",
        "eacces": "no permission",
        "eio": "gives no picture",
        "unplug": "No camera was found",
        "bomb": "arrive damaged",
    }.items():
        assert said in result[mode], mode
    assert result["ok"] == MODE


def test_doctor_opens_every_camera(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*environment, "FAKECAM_COUNT"]:
        monkeypatch.setenv(name, environment.get(name, "2"))
    control = Path(environment["FAKECAM_CONTROL"])
    control.write_text("ok")
    first, second = probes.run("cameras")
    assert (first.status, second.status) == (Status.OK, Status.OK)
    assert first.message.startswith(f"{NAME} (/dev/video0) opens at {MODE} and gives ")
    assert second.name == "camera 2"
    control.write_text("busy")
    busy, _ = probes.run("cameras")
    assert busy.status is Status.WARN
    assert "is busy: another program uses it" in busy.message
