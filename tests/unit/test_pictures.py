"""Every kind of picture becomes (H, W, 3) uint8 BGR."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.pictures import read_picture, to_bgr
from ferdesk.resources import asset


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(np.full((2, 3), 7, np.uint8), (7, 7, 7), id="grey"),
        pytest.param(np.full((2, 3, 1), 7, np.uint8), (7, 7, 7), id="grey-channel"),
        pytest.param(np.full((2, 3, 3), (1, 2, 3), np.uint8), (1, 2, 3), id="bgr"),
        pytest.param(np.full((2, 3, 4), (1, 2, 3, 255), np.uint8), (1, 2, 3), id="opaque"),
        pytest.param(np.full((2, 3, 4), (9, 9, 9, 0), np.uint8), (0, 0, 0), id="transparent"),
        pytest.param(np.full((2, 3, 4), (200, 100, 0, 128), np.uint8), (100, 50, 0), id="half"),
        pytest.param(np.full((2, 3), 65535, np.uint16), (255, 255, 255), id="16-bit-white"),
        pytest.param(np.full((2, 3), 257 * 40, np.uint16), (40, 40, 40), id="16-bit"),
        pytest.param(
            np.full((2, 3, 4), (65535, 0, 65535, 65535), np.uint16), (255, 0, 255), id="16-bit-bgra"
        ),
        pytest.param(np.full((2, 3), 0.5, np.float32), (128, 128, 128), id="float"),
        pytest.param(np.full((2, 3), np.nan), (0, 0, 0), id="nan"),
        pytest.param(np.full((2, 3), np.inf), (255, 255, 255), id="infinite"),
        pytest.param(np.ones((2, 3), bool), (255, 255, 255), id="bits"),
        pytest.param(np.full((1, 1), 5, np.uint8), (5, 5, 5), id="one-pixel"),
    ],
)
def test_to_bgr(image: NDArray[Any], expected: tuple[int, int, int]) -> None:
    result = to_bgr(image)
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert result.shape == (*image.shape[:2], 3)
    assert (result == expected).all()


def test_views_become_contiguous_and_good_frames_are_not_copied() -> None:
    frame = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    assert to_bgr(frame) is frame or np.shares_memory(to_bgr(frame), frame)
    flipped = to_bgr(frame[:, ::-1])
    assert flipped.flags.c_contiguous
    np.testing.assert_array_equal(flipped, frame[:, ::-1])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros(5, np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((5, 5, 2), np.uint8),
        np.zeros((5, 5, 5), np.uint8),
        np.zeros((2, 5, 5, 3), np.uint8),
        np.zeros((5, 5), np.complex64),
        np.zeros((5, 5), np.int16),
    ],
)
def test_what_is_no_picture(image: NDArray[Any]) -> None:
    with pytest.raises(FerdeskError, match="not a picture"):
        to_bgr(image)


def write(path: Path, image: NDArray[Any], *options: int) -> Path:
    ok, data = cv2.imencode(path.suffix, image, list(options))
    assert ok
    path.write_bytes(data.tobytes())
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".jpg", ".ppm", ".jp2"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    image = read_picture(asset("portrait.png"))
    result = read_picture(write(tmp_path / f"ü 表情{suffix}", image))
    assert result.shape == image.shape
    assert np.abs(result.astype(int) - image).mean() < 6


def test_transparent_png_is_laid_on_black(tmp_path: Path) -> None:
    image = np.full((6, 8, 4), (10, 20, 30, 255), np.uint8)
    image[:3, :, 3] = 0
    result = read_picture(write(tmp_path / "a.png", image))
    assert (result[:3] == 0).all()
    assert (result[3:] == (10, 20, 30)).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_files(tmp_path: Path, suffix: str, channels: int) -> None:
    image = np.full((6, 8, channels), 257 * 77, np.uint16)
    assert (read_picture(write(tmp_path / f"a{suffix}", image)) == 77).all()


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Insert an EXIF segment that only says how the camera was held."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (0, -1)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))],
)
def test_exif_orientation(tmp_path: Path, orientation: int, corner: tuple[int, int]) -> None:
    image = np.zeros((32, 64, 3), np.uint8)
    image[:16, :16] = 255  # the first corner as stored
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(with_orientation(jpeg, orientation))
    result = read_picture(path)
    assert result.shape == ((64, 32, 3) if orientation > 4 else (32, 64, 3))
    assert result[corner].min() > 200
    assert sum(int(result[c].min() > 200) for c in ((0, 0), (0, -1), (-1, 0), (-1, -1))) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "not a pict"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(FerdeskError, match=message):
        read_picture(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="cannot be read"):
        read_picture(tmp_path / "none.png")
