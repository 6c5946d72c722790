"""Cameras without a camera: finding, opening, losing and regaining one."""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.sources import camera as camera_module
from ferdesk.sources import camera_pictures
from ferdesk.sources import cameras as cameras_module
from ferdesk.sources.base import SourceBusyError, SourceLostError
from ferdesk.sources.camera import CameraMode, CameraSource
from ferdesk.sources.cameras import CameraInfo, find_camera, list_cameras

from .fakes import FakeCamera, FakeFactory, picture

DESK = CameraInfo("/dev/v4l/by-id/desk", "Desk Cam", 0, cv2.CAP_V4L2)
HEAD = CameraInfo("/dev/v4l/by-id/head", "Head Cam", 2, cv2.CAP_V4L2)


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answers on every system."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(camera_module, "_node", lambda index: Path("/dev/null"))
    monkeypatch.setattr(camera_module, "_LOST_SECONDS", 0.15)
    monkeypatch.setattr(camera_module, "_FIRST_FRAME_SECONDS", 0.15)


def source(
    value: str, factory: FakeFactory, *known: CameraInfo, mode: CameraMode | None = None
) -> CameraSource:
    return CameraSource(value, mode=mode, factory=factory, cameras=lambda backend: known)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", DESK),
        ("0", DESK),
        ("2", HEAD),
        ("1", None),
        ("Head Cam", HEAD),
        ("head cam", HEAD),
        ("Desk", DESK),
        ("Cam", None),
        ("/dev/v4l/by-id/head", HEAD),
        ("/dev/video2", HEAD),
        ("/dev/video7", None),
        ("Third", None),
    ],
)
def test_finding(value: str, expected: CameraInfo | None) -> None:
    assert find_camera(value, (DESK, HEAD)) == expected


def test_granted_mode_is_read_back() -> None:
    capture = FakeCamera([picture(0, 320, 240), picture(1, 320, 240)])
    factory = FakeFactory(capture)
    cam = source("Head Cam", factory, DESK, HEAD, mode=CameraMode(1280, 720, 60))
    assert cam.description == "Head Cam"
    info = cam.open()
    assert factory.asked == [(2, cv2.CAP_V4L2)]
    asked = [prop for prop, _ in capture.properties]
    assert asked[:4] == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_FPS,
    ]
    assert dict(capture.properties)[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    assert (info.name, info.width, info.height, info.live) == ("Head Cam", 320, 240, True)
    assert info.detail == "320x240, 29.97 fps, MJPG, FAKE"
    cam.close()
    assert capture.released


def test_frames_have_real_times() -> None:
    cam = source("", FakeFactory(FakeCamera([picture(k) for k in range(5)])), DESK)
    before = time.perf_counter()
    cam.open()
    frames = []
    for _ in range(5):
        frame = cam.read()
        assert frame is not None
        frames.append(frame)
        time.sleep(0.01)
    assert [f.index for f in frames] == list(range(5))
    assert [int(f.image[0, 0, 0]) for f in frames] == [0, 8, 16, 24, 32]  # none is lost
    assert frames[0].media_time == 0.0
    for earlier, later in pairwise(frames):
        assert later.media_time - earlier.media_time == pytest.approx(
            later.captured_at - earlier.captured_at
        )
        assert later.media_time > earlier.media_time
    assert frames[0].captured_at >= before


def test_grey_camera() -> None:
    cam = source("", FakeFactory(FakeCamera([np.full((4, 6), 9, np.uint8)])), DESK)
    cam.open()
    frame = cam.read()
    assert frame is not None
    assert frame.image.shape == (4, 6, 3)


def test_single_failed_reads_are_forgiven() -> None:
    cam = source("", FakeFactory(FakeCamera([None, picture(0), None, None, picture(1)])), DESK)
    cam.open()
    assert cam.read() is not None
    assert cam.read() is not None


def test_unplugged_and_back_under_another_index() -> None:
    known = [DESK, HEAD]
    factory = FakeFactory(
        FakeCamera([picture(k) for k in range(3)]), FakeCamera([picture(9), picture(10)])
    )
    cam = CameraSource("Head Cam", factory=factory, cameras=lambda backend: tuple(known))
    cam.open()
    for _ in range(3):
        cam.read()
    start = time.monotonic()
    with pytest.raises(SourceLostError, match="'Head Cam' stopped giving pictures"):
        cam.read()
    assert time.monotonic() - start < 10
    known.remove(HEAD)
    with pytest.raises(FerdeskError, match=r"'Head Cam' was not found; connected: 'Desk Cam'"):
        cam.open()
    known.append(CameraInfo(HEAD.id, HEAD.name, 5, HEAD.backend))
    cam.open()
    assert factory.asked[-1][0] == 5
    frame = cam.read()
    assert frame is not None
    assert frame.index == 0
    cam.close()


def test_no_camera_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_module, "_node", lambda index: Path("/dev/none"))
    for value in ("", "0", "Head Cam"):
        with pytest.raises(FerdeskError, match="No camera was found"):
            source(value, FakeFactory()).open()


def test_unlisted_number_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    factory = FakeFactory(FakeCamera([picture(0)]))
    source("7", factory, DESK).open()
    assert factory.asked == [(7, cv2.CAP_V4L2)]


def test_busy_camera() -> None:
    with pytest.raises(SourceBusyError, match="'Desk Cam' is busy: another program uses it"):
        source("", FakeFactory(FakeCamera([], opens=False)), DESK).open()


def test_another_camera_does_not_take_the_place_of_a_lost_one() -> None:
    """Neither under its number nor as the first one."""
    for value in ("", "0"):
        known = [DESK, HEAD]
        factory = FakeFactory(FakeCamera([picture(0)]), FakeCamera([picture(1)]))
        cam = CameraSource(value, factory=factory, cameras=lambda backend, k=known: tuple(k))
        cam.open()
        known[:] = [CameraInfo(HEAD.id, HEAD.name, 0, HEAD.backend)]
        with pytest.raises(FerdeskError, match="'Desk Cam' was not found; connected: 'Head Cam'"):
            cam.open()
        known.append(CameraInfo("/dev/v4l/by-id/desk", "Desk Cam", 4, DESK.backend))
        cam.open()
        assert factory.asked[-1][0] == 4


def read_for_ever(cam: CameraSource) -> None:
    while True:
        cam.read()
        time.sleep(0.02)


def test_a_picture_that_never_changes_is_a_lost_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_pictures, "FROZEN_SECONDS", 0.2)
    frozen, living = picture(3), [picture(k) for k in range(4, 6)]
    cameras = (
        FakeCamera([picture(1), *[frozen] * 1000]),
        FakeCamera([frozen] * 1000),
        FakeCamera([frozen, *living]),
    )
    cam = source("", FakeFactory(*cameras), DESK)
    cam.open()
    with pytest.raises(SourceLostError, match="same picture over and over"):
        read_for_ever(cam)
    # It is back only when its picture changes.
    with pytest.raises(FerdeskError, match="same picture over and over"):
        cam.open()
    cam.open()
    frame = cam.read()
    assert frame is not None
    assert (frame.image == living[0]).all()


def test_opens_but_gives_no_picture() -> None:
    capture = FakeCamera([])
    with pytest.raises(FerdeskError, match="gives no picture"):
        source("", FakeFactory(capture), DESK).open()
    assert capture.released


def test_no_permission(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.touch()
    monkeypatch.setattr(camera_module, "_node", lambda index: node)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(FerdeskError, match=r"no permission.*group 'video'"):
        source("", FakeFactory(), DESK).open()


def test_windows_falls_back_to_msmf_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    lists = {
        None: (CameraInfo("x", "Head Cam", 1, cv2.CAP_DSHOW),),
        cv2.CAP_MSMF: (
            CameraInfo("y", "Desk Cam", 0, cv2.CAP_MSMF),
            CameraInfo("z", "Head Cam", 3, cv2.CAP_MSMF),
        ),
    }
    factory = FakeFactory(FakeCamera([], opens=False), FakeCamera([picture(0)]))
    CameraSource("", factory=factory, cameras=lambda backend: lists[backend]).open()
    assert factory.asked == [(1, cv2.CAP_DSHOW), (3, cv2.CAP_MSMF)]


def test_reading_a_closed_camera() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        source("", FakeFactory(), DESK).read()


def test_listing_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(list_cameras(), tuple)

    def broken(backend: int) -> Any:
        raise RuntimeError("driver fell over")

    monkeypatch.setattr(cameras_module, "_enumerated", broken)
    monkeypatch.setattr(cameras_module, "_device_files", broken_files)
    assert list_cameras() == ()


def broken_files(backend: int) -> Any:
    raise PermissionError("no")


def test_listing_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", None)
    assert isinstance(list_cameras(), tuple)


def test_two_cameras_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        SimpleNamespace(index=2, name="C270", path="/dev/video2"),
        SimpleNamespace(index=0, name="C270", path="/dev/video0"),
        SimpleNamespace(index=4, name=None, path=None),
    ]
    library = SimpleNamespace(enumerate_cameras=lambda backend: found)
    monkeypatch.setitem(sys.modules, "cv2_enumerate_cameras", library)
    monkeypatch.setattr(
        cameras_module, "_stable_ids", lambda: {"/dev/video2": "/dev/v4l/by-id/usb-2"}
    )
    first, second, third = list_cameras(cv2.CAP_V4L2)
    assert (first.name, first.id, first.index) == ("C270", "/dev/video0", 0)
    assert (second.name, second.id, second.index) == ("C270 (2)", "/dev/v4l/by-id/usb-2", 2)
    assert (third.name, third.index) == ("Camera 4", 4)


@pytest.mark.skipif(not Path("/proc").exists(), reason="Linux only")
def test_real_machine_without_a_camera() -> None:
    if list_cameras():
        pytest.skip("there is a camera")
    with pytest.raises(FerdeskError, match="No camera was found"):
        CameraSource().open()
