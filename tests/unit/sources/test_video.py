"""Video files: times, loops, and every way a file can be broken."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Frame, Source
from ferdesk.sources.video import VideoSource

from .fakes import MakeVideo, picture

MEDIA = Path(__file__).parents[4] / "shared" / "media" / "grid_bbaf2n.mpg"


def all_frames(source: Source) -> list[Frame]:
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "FFV1"), ("a.webm", "VP80")]
)
def test_every_frame_once_in_order(make_video: MakeVideo, name: str, codec: str) -> None:
    source = VideoSource(make_video(name, codec=codec, frames=20, fps=12.5))
    info = source.open()
    assert (info.name, info.width, info.height, info.fps) == (name, 64, 48, 12.5)
    assert info.live is False
    assert "64x48, 12.5 fps" in info.detail
    frames = all_frames(source)
    assert [f.index for f in frames] == list(range(20))
    assert [f.media_time for f in frames] == pytest.approx([k / 12.5 for k in range(20)], abs=2e-3)
    brightness = [float(f.image.mean()) for f in frames]
    assert brightness == pytest.approx([8 * k for k in range(20)], abs=5)
    assert all(b.captured_at >= a.captured_at for a, b in pairwise(frames))
    assert source.read() is None
    assert source.warning == ""
    assert info.frame_count == 20
    source.close()


def test_opening_again_starts_again(make_video: MakeVideo) -> None:
    source = VideoSource(make_video(frames=5))
    source.open()
    all_frames(source)
    source.open()
    assert [f.index for f in all_frames(source)] == list(range(5))
    source.close()
    with pytest.raises(RuntimeError, match="not open"):
        source.read()


def gif(delays: list[int]) -> bytes:
    """A 2x2 animation; delays in hundredths of a second."""
    data = b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    for delay in delays:
        data += b"\x21\xf9\x04\0" + struct.pack("<H", delay) + b"\0\0"
        data += b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 2, 0) + b"\x02\x03\x44\x02\x05\0"
    return data + b"\x3b"


def test_variable_frame_rate_keeps_the_real_times(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(gif([10, 30, 10, 50, 10]))
    source = VideoSource(path)
    source.open()
    times = [f.media_time for f in all_frames(source)]
    source.close()
    assert times == pytest.approx([0, 0.1, 0.4, 0.5, 1.0], abs=0.005)


def test_variable_frame_rate_of_an_mp4(tmp_path: Path) -> None:
    """Telephones record so; H.264 with frames out of order and a first time that is not 0."""
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    stamps = [100, 133, 300, 333, 900, 933, 1500, 2500]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(picture(index), format="bgr24")
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    source = VideoSource(path)
    source.open()
    frames = all_frames(source)
    source.close()
    assert [f.media_time for f in frames] == pytest.approx(
        [(stamp - stamps[0]) / 1000 for stamp in stamps], abs=2e-3
    )
    assert all(f.file == path and not f.still for f in frames)


def test_loop_goes_on_in_time(make_video: MakeVideo) -> None:
    source = VideoSource(make_video(frames=10), loop=True)
    assert source.open().frame_count is None
    frames = [source.read() for _ in range(35)]
    source.close()
    assert all(frames)
    assert [f.index for f in frames if f] == list(range(35))
    assert [f.media_time for f in frames if f] == pytest.approx([k / 25 for k in range(35)])
    assert frames[0] is not None
    assert frames[30] is not None
    assert abs(frames[30].image.mean() - frames[0].image.mean()) < 5


def test_file_that_vanishes_while_it_loops(make_video: MakeVideo) -> None:
    path = make_video(frames=3)
    source = VideoSource(path, loop=True)
    source.open()
    for _ in range(3):
        source.read()
    path.unlink()
    with pytest.raises(FerdeskError, match="could not be started again"):
        source.read()
    source.close()


def test_truncated_file_ends_at_its_last_good_frame(make_video: MakeVideo) -> None:
    path = make_video("long.avi", codec="MJPG", frames=200)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = VideoSource(path)
    source.open()
    frames = all_frames(source)
    source.close()
    assert 20 < len(frames) < 190
    assert f"breaks off after {len(frames)} of 200 frames" in source.warning


def test_damage_in_the_middle(make_video: MakeVideo) -> None:
    path = make_video("hole.avi", codec="MJPG", frames=100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(2000)
    path.write_bytes(data)
    source = VideoSource(path)
    source.open()
    frames = all_frames(source)
    source.close()
    assert len(frames) > 20
    times = [f.media_time for f in frames]
    assert times == sorted(times)


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.02])
def test_mp4_without_its_index(make_video: MakeVideo, keep: float) -> None:
    path = make_video(frames=60)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(FerdeskError, match="damaged or in a format that cannot be decoded"):
        VideoSource(path).open()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"not a video at all" * 100, "damaged"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 500, "damaged"),
        (b"\x1aE\xdf\xa3" + b"\xff" * 500, "damaged"),
    ],
)
def test_not_a_video(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    source = VideoSource(path)
    with pytest.raises(FerdeskError, match=message) as caught:
        source.open()
    assert str(caught.value).count(". ") == 0  # one sentence
    source.close()


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="does not exist"):
        VideoSource(tmp_path / "none.mp4").open()
    with pytest.raises(FerdeskError, match="not a file"):
        VideoSource(tmp_path).open()


@pytest.mark.media
@pytest.mark.skipif(not MEDIA.is_file(), reason="shared media not present")
def test_mpeg_with_a_real_person() -> None:
    source = VideoSource(MEDIA)
    info = source.open()
    assert (info.width, info.height, info.fps, info.frame_count) == (360, 288, 25.0, 75)
    frames = all_frames(source)
    source.close()
    assert len(frames) == 75
    assert frames[-1].media_time == pytest.approx(74 / 25, abs=0.01)
    assert source.warning == ""
