"""The landmarker on real pictures, and everything that could poison it."""

from __future__ import annotations

import gc
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mediapipe import Image, ImageFormat
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.resources import asset
from ferdesk.sources.sample import SampleSource
from ferdesk.vision.blendshapes import BLENDSHAPES
from ferdesk.vision.detector import Detector
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.task import MODEL_NAME
from ferdesk.vision.types import FaceLandmarks

Picture = NDArray[np.uint8]


def test_portrait(face: FaceLandmarks) -> None:
    assert face.points.shape == (478, 3)
    assert face.points.dtype == np.float32
    assert face.transform.shape == (4, 4)
    x, y, width, height = face.box
    assert 175 < x < 185
    assert 68 < y < 78
    assert 82 < width < 96
    assert 98 < height < 112


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(lambda a: a[:, ::-1], id="mirrored"),
        pytest.param(lambda a: a[::-1][::-1], id="flipped-twice"),
        pytest.param(lambda a: a[20:400, 60:420], id="cut-out"),
        pytest.param(lambda a: np.asfortranarray(a), id="fortran"),
        pytest.param(lambda a: a[:, :, ::-1].copy()[:, :, ::-1], id="bgr-reversed"),
        pytest.param(lambda a: np.dstack((a, a))[:, :, :3], id="six-channels-cut"),
    ],
)
def test_strides_do_not_matter(still: Landmarker, portrait: Picture, view: Any) -> None:
    strided = view(portrait)
    (found,) = still.detect(strided)
    (expected,) = still.detect(np.array(strided, order="C"))
    np.testing.assert_array_equal(found.points, expected.points)
    np.testing.assert_array_equal(found.transform, expected.transform)


def test_blendshapes_are_mediapipes_in_its_order(still: Landmarker, portrait: Picture) -> None:
    """By name, as MediaPipe itself gives them: the portrait smiles."""
    (face,) = still.detect(portrait)
    assert face.blendshapes.shape == (52,)
    assert face.blendshapes.dtype == np.float32
    task: Any = still._task
    (shapes,) = task.detect(Image(image_format=ImageFormat.SRGB, data=portrait)).face_blendshapes
    assert tuple(shape.category_name for shape in shapes) == BLENDSHAPES
    smile = [face.blendshapes[BLENDSHAPES.index(f"mouthSmile{side}")] for side in ("Left", "Right")]
    assert min(smile) > 0.5
    assert face.blendshapes[BLENDSHAPES.index("mouthFrownLeft")] < 0.1


@pytest.mark.parametrize("mode", ["image", "video"])
def test_mediapipes_memory_says_what_its_objects_say(
    portrait: Picture, mode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tile = portrait[0:220, 110:340]
    picture = np.hstack((tile, tile[:, ::-1]))

    def read() -> tuple[FaceLandmarks, ...]:
        with Landmarker(mode=mode, max_faces=2) as landmarker:
            return landmarker.detect(picture, 40)

    fast = read()
    assert len(fast) == 2
    with monkeypatch.context() as patch:
        patch.setattr("ferdesk.vision.result._from_memory", None)
        with pytest.raises(TypeError):  # the version installed is read from memory
            read()
        patch.setattr("ferdesk.vision.result._known", lambda *_: False)
        for ours, theirs in zip(fast, read(), strict=True):
            np.testing.assert_array_equal(ours.points, theirs.points)
            np.testing.assert_array_equal(ours.transform, theirs.transform)
            np.testing.assert_array_equal(ours.blendshapes, theirs.blendshapes)


def test_mirrored_face_is_where_the_mirror_puts_it(
    still: Landmarker, portrait: Picture, face: FaceLandmarks
) -> None:
    (mirrored,) = still.detect(portrait[:, ::-1])
    assert mirrored.points[1, 0] == pytest.approx(512 - face.points[1, 0], abs=2)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(np.zeros((48, 64), np.uint8), id="grey"),
        pytest.param(np.zeros((48, 64, 1), np.uint8), id="grey-channel"),
        pytest.param(np.zeros((48, 64, 4), np.uint8), id="rgba"),
        pytest.param(np.zeros((48, 64, 3), np.uint16), id="16-bit"),
        pytest.param(np.zeros((48, 64, 3), np.float32), id="float"),
        pytest.param(np.zeros((0, 64, 3), np.uint8), id="no-rows"),
        pytest.param(np.zeros((48, 0, 3), np.uint8), id="no-columns"),
        pytest.param(None, id="nothing"),
    ],
)
@pytest.mark.parametrize("mode", ["image", "video"])
def test_bad_frame_is_refused_and_does_no_harm(portrait: Picture, mode: Any, frame: Any) -> None:
    with Landmarker(mode=mode) as landmarker:
        with pytest.raises(FerdeskError, match="not an 8-bit RGB picture"):
            landmarker.detect(frame)
        assert len(landmarker.detect(portrait)) == 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 2000), (2000, 2), (4320, 7680)])
def test_extreme_sizes(still: Landmarker, portrait: Picture, shape: tuple[int, int]) -> None:
    assert still.detect(np.zeros((*shape, 3), np.uint8)) == ()
    assert len(still.detect(portrait)) == 1


def test_8k_face(still: Landmarker, portrait: Picture, face: FaceLandmarks) -> None:
    large = cv2.resize(portrait[:270, :480], (7680, 4320), interpolation=cv2.INTER_CUBIC)
    (found,) = still.detect(np.asarray(large, np.uint8))
    error = found.points[:, :2] / 16 - face.points[:, :2]
    assert np.abs(error).mean() < 2


def test_timestamps_may_stall_or_run_backwards(portrait: Picture) -> None:
    with Landmarker(mode="video") as landmarker:
        for timestamp in (100, 100, 40, None, 0, 10**6, None, 5):
            assert len(landmarker.detect(portrait, timestamp)) == 1


def test_several_faces(still: Landmarker, portrait: Picture) -> None:
    tile = portrait[0:220, 110:340]
    faces = still.detect(np.hstack((tile, tile[:, ::-1])))
    assert len(faces) == 2
    left, right = sorted(face.box[0] for face in faces)
    assert left < 230 < right


def test_missing_model(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match=r"missing.*install ferdesk again"):
        Landmarker(model_path=tmp_path / "none.task")


@pytest.mark.parametrize("change", ["flipped bit", "truncated", "empty"])
def test_altered_model(tmp_path: Path, change: str) -> None:
    data = bytearray(asset(MODEL_NAME).read_bytes())
    if change == "flipped bit":
        data[len(data) // 2] ^= 1
    else:
        del data[len(data) // 2 if change == "truncated" else 0 :]
    path = tmp_path / MODEL_NAME
    path.write_bytes(data)
    with pytest.raises(FerdeskError, match=r"altered or damaged"):
        Landmarker(model_path=path)


def test_model_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="cannot be read"):
        Landmarker(model_path=tmp_path)


def test_closing_twice_and_use_after(portrait: Picture) -> None:
    landmarker = Landmarker(mode="image")
    landmarker.close()
    landmarker.close()
    with pytest.raises(RuntimeError, match="closed"):
        landmarker.detect(portrait)


def test_close_waits_for_a_running_call(portrait: Picture) -> None:
    landmarker = Landmarker()
    landmarker.detect(portrait)
    counts: list[int] = []

    def work() -> None:
        try:
            while True:
                counts.append(len(landmarker.detect(portrait)))
        except RuntimeError:
            pass

    thread = threading.Thread(target=work)
    thread.start()
    while len(counts) < 3:
        pass
    landmarker.close()
    thread.join(5)
    assert not thread.is_alive()
    assert set(counts) == {1}  # a closed task would have said that there is no face


def test_native_log_goes_to_ours(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG, "ferdesk.vision.task"), Landmarker(mode="image"):
        pass
    assert any("XNNPACK" in message or "W0000" in message for message in caplog.messages)
    assert capfd.readouterr().err == ""


def test_first_picture_and_end_are_quiet_too(
    portrait: Picture, capfd: pytest.CaptureFixture[str]
) -> None:
    with Detector() as detector:
        assert detector.detect(portrait)
    assert capfd.readouterr().err == ""


def test_import_is_light_and_a_forgotten_landmarker_does_not_hang() -> None:
    code = """
import gc, sys
from ferdesk.vision.detector import Detector
from ferdesk.vision.landmarker import Landmarker
assert not [m for m in ("mediapipe", "torch", "PySide6", "matplotlib") if m in sys.modules]
landmarker = Landmarker(mode="image")
cycle = [landmarker]
cycle.append(cycle)
del landmarker, cycle
gc.collect()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)
    gc.collect()


def test_sample_has_one_face_that_changes() -> None:
    source = SampleSource()
    info = source.open()
    assert (info.width, info.height, info.fps) == (640, 360, pytest.approx(23.976, abs=1e-3))
    width, opening, brow = [], [], []
    with Landmarker(mode="video", max_faces=3) as landmarker:
        count = 0
        while (frame := source.read()) is not None:
            count += 1
            if frame.index % 5:
                continue
            faces = landmarker.detect(frame.image[:, :, ::-1], round(frame.media_time * 1000))
            assert len(faces) == 1, f"frame {frame.index}"
            points = faces[0].points[:, :2]
            unit = np.hypot(*(points[263] - points[33]))
            width.append(np.hypot(*(points[291] - points[61])) / unit)
            opening.append(np.hypot(*(points[14] - points[13])) / unit)
            brow.append(np.hypot(*(points[107] - points[168])) / unit)
    source.close()
    assert count == 472
    assert min(width) < 0.56 < 0.66 < max(width)  # a narrow and a broad mouth
    assert min(opening) < 0.03
    assert max(opening) > 0.22
    assert max(brow) - min(brow) > 0.06
