"""Pictures come back by the time at which they were taken, also from a file cut short."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.pipeline.types import Reading
from ferdesk.session.schema import SessionError
from ferdesk.session.video import VideoReader, VideoWriter
from ferdesk.sources.video import VideoSource

COUNT = 200


def numbered(picture: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """The picture with its number as eight black or white squares in the upper left corner."""
    picture = picture.copy()
    for bit in range(8):
        picture[0:32, bit * 32 : (bit + 1) * 32] = 255 if number >> bit & 1 else 0
    return picture


def number_of(picture: NDArray[np.uint8]) -> int:
    cells = [picture[8:24, bit * 32 + 8 : bit * 32 + 24].mean() > 127 for bit in range(8)]
    return sum(int(cell) << bit for bit, cell in enumerate(cells))


@pytest.fixture(scope="module")
def written(
    readings: list[Reading], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[int]]:
    """A video with uneven intervals and one gap of two seconds."""
    path = tmp_path_factory.mktemp("video") / "video.mkv"
    writer = VideoWriter(path, 640, 480)
    rng, time_ms, times = random.Random(1), 0, []
    for i in range(COUNT):
        writer.add(numbered(readings[i % len(readings)].frame.image, i), time_ms)
        times.append(time_ms)
        time_ms += 2000 if i == 90 else rng.choice([20, 33, 34, 50])
    writer.close()
    writer.close()
    return path, times


def test_times_are_kept_to_the_millisecond(written: tuple[Path, list[int]]) -> None:
    path, times = written
    reader = VideoReader(path)
    assert reader.times_ms() == times
    assert (reader.width, reader.height) == (640, 480)
    reader.close()


def test_forwards_backwards_and_anywhere(written: tuple[Path, list[int]]) -> None:
    path, times = written
    reader = VideoReader(path)
    anywhere = random.Random(2).sample(range(COUNT), 30)
    for place in (*range(0, 60), *range(COUNT - 1, COUNT - 30, -1), *anywhere):
        picture = reader.at(times[place])
        assert picture is not None
        assert picture.shape == (480, 640, 3)
        assert number_of(picture) == place
    between = reader.at(times[90] + 1500)
    assert between is not None
    assert number_of(between) == 90, "the last picture stands during a gap"
    reader.close()


def test_a_file_cut_short_plays_up_to_the_cut(
    written: tuple[Path, list[int]], tmp_path: Path
) -> None:
    path, times = written
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    reader = VideoReader(cut)
    left = reader.times_ms()
    assert left == times[: len(left)]
    assert 0.4 * COUNT < len(left) < COUNT
    for place in (len(left) - 2, 3, len(left) // 2):
        picture = reader.at(times[place])
        assert picture is not None
        assert number_of(picture) == place
    reader.close()


def write_leaning(path: Path, container: str, codec: str, count: int) -> None:
    """Numbered pictures, 25 per second, of which some lean on later ones (B-frames)."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 256, 64, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = 12, 2
        stream.codec_context.thread_count = 2  # with one, as on a single core, a time comes twice
        for i in range(count):
            # A picture fills several packets: some containers give a time to each packet only.
            picture = numbered(rng.integers(0, 255, (64, 256, 3), np.uint8), i)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        file.mux(stream.encode())


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [
        ("clip.mpg", "mpeg", "mpeg1video"),
        ("clip.vob", "vob", "mpeg2video"),
        ("clip.ts", "mpegts", "mpeg2video"),
        ("clip.m2v", "mpeg2video", "mpeg2video"),
        ("clip.avi", "avi", "mpeg4"),
    ],
)
def test_containers_without_an_exact_index(
    name: str, container: str, codec: str, tmp_path: Path
) -> None:
    """Times that do not begin at 0, seeks that come out late."""
    path, count = tmp_path / name, 100
    write_leaning(path, container, codec, count)
    reader = VideoReader(path)
    assert reader.times_ms() == [reader.first_ms + 40 * i for i in range(count)]
    for place in (*random.Random(3).sample(range(count), 20), count - 1, 0):
        picture = reader.at(reader.first_ms + 40 * place + 2)
        assert picture is not None
        assert number_of(picture) == place
    assert reader.at(reader.first_ms - 1) is None
    reader.close()


def test_odd_sides_and_another_size_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "v.mkv"
    writer = VideoWriter(path, 321, 241)
    writer.add(np.full((241, 321, 3), 200, np.uint8), 0)
    writer.add(np.full((480, 640, 3), 100, np.uint8), 40)
    writer.close()
    reader = VideoReader(path)
    first, second = reader.at(0), reader.at(40)
    assert first is not None
    assert second is not None
    assert first.shape == second.shape == (242, 322, 3)
    assert abs(float(first.mean()) - 200) < 8 > abs(float(second.mean()) - 100)
    reader.close()


@pytest.mark.parametrize("content", [b"", b"no video " * 100])
def test_what_is_no_video(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "video.mkv"
    path.write_bytes(content)
    with pytest.raises(SessionError, match=r"video\.mkv"):
        VideoReader(path)
    with pytest.raises(SessionError, match="cannot be written"):
        VideoWriter(tmp_path / "no" / "video.mkv", 640, 480)


def test_a_turned_video_stands_upright(tmp_path: Path) -> None:
    """As telephones write them: lying pictures, and a matrix in the header that turns them."""
    path = tmp_path / "turned.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        lying = np.zeros((48, 64, 3), np.uint8)
        lying[:, :16] = 200
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(lying, format="bgr24")))
        container.mux(stream.encode())
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    content[matrix : matrix + 36] = struct.pack(
        ">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30
    )
    path.write_bytes(content)
    reader = VideoReader(path)
    picture = reader.at(0)
    reader.close()
    assert picture is not None
    assert (reader.width, reader.height) == (48, 64)
    assert picture.shape == (64, 48, 3)
    assert picture[:8].mean() > 150 > 50 > picture[-8:].mean()
    found = VideoSource(path)
    found.open()
    frame = found.read()
    found.close()
    assert frame is not None
    assert np.abs(picture.astype(int) - frame.image).mean() < 3, "as `ferdesk analyze` sees it"
