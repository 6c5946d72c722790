"""Compiled face models kept between starts: found again, and made anew when anything is wrong."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.vision.square import Square
from ferdesk.vision.types import FaceLandmarks

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="openvino is not published here"
)
DAMAGE = {
    "empty": lambda _: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "one byte changed": lambda content: content[:5000] + b"?" + content[5001:],
    "something else": lambda _: b"%PDF-1.7" * 100,
}


Read = Callable[[Path], NDArray[np.float64]]


@pytest.fixture
def landmarks(portrait: NDArray[np.uint8], face: FaceLandmarks) -> Read:
    """The landmarks that models kept in a folder see in the portrait."""

    def read(folder: Path) -> NDArray[np.float64]:
        from ferdesk.vision.face_models import FaceModels

        (points,) = FaceModels(folder).landmarks(portrait, [Square.of(face.points)])
        assert points is not None
        return points

    return read


def test_the_second_start_compiles_nothing_and_says_the_same(
    tmp_path: Path, landmarks: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = landmarks(tmp_path)
    assert len(list(tmp_path.glob("*.face"))) == 2

    def refuse(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("ferdesk.vision.face_models._read", refuse)
    assert np.allclose(landmarks(tmp_path), first, atol=1e-3)


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_made_anew(tmp_path: Path, landmarks: Read, damage: str) -> None:
    expected = landmarks(tmp_path)
    files = sorted(tmp_path.glob("*.face"))
    whole = [file.read_bytes() for file in files]
    for file, content in zip(files, whole, strict=True):
        file.write_bytes(DAMAGE[damage](content))
    assert np.allclose(landmarks(tmp_path), expected, atol=1e-3)
    assert all(file.stat().st_size > 100_000 for file in files)


def test_a_folder_that_may_not_be_written_costs_nothing_but_time(
    tmp_path: Path, landmarks: Read, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    assert np.isfinite(landmarks(blocked)).all()
    assert "is not kept" in caplog.text


def test_old_ones_are_removed(tmp_path: Path, landmarks: Read) -> None:
    for i in range(20):
        (tmp_path / f"old{i}.face").write_bytes(b"")
    landmarks(tmp_path)
    assert len(list(tmp_path.glob("*.face"))) == 8
    assert sum(file.stat().st_size > 0 for file in tmp_path.glob("*.face")) == 2
