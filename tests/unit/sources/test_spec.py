"""Names of sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from ferdesk.resources import asset
from ferdesk.sources.camera import CameraSource
from ferdesk.sources.file_list import FileListSource, FolderSource
from ferdesk.sources.images import ImageSource
from ferdesk.sources.sample import SampleSource
from ferdesk.sources.spec import SourceKind, SourceSpec, open_source
from ferdesk.sources.url import UrlSource
from ferdesk.sources.video import VideoSource

from .fakes import MakeVideo


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("camera", SourceKind.CAMERA, ""),
        ("camera:0", SourceKind.CAMERA, "0"),
        ("camera:HD Webcam: C270", SourceKind.CAMERA, "HD Webcam: C270"),
        ("sample", SourceKind.SAMPLE, ""),
        ("http://10.0.0.5/mjpg", SourceKind.URL, "http://10.0.0.5/mjpg"),
        ("RTSP://u:p@host/1", SourceKind.URL, "RTSP://u:p@host/1"),
    ],
)
def test_names(text: str, kind: SourceKind, value: str) -> None:
    spec = SourceSpec.parse(f"  {text} ")
    assert spec == SourceSpec(kind, value)
    assert SourceSpec.parse(str(spec)) == spec


def test_paths(make_video: MakeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_video("ünï.mp4")
    (tmp_path / "sample").mkdir()
    (tmp_path / "face.png").write_bytes(asset("portrait.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    for text, kind in (
        ("ünï.mp4", SourceKind.VIDEO),
        ("face.png", SourceKind.IMAGE),
        ("./sample", SourceKind.FOLDER),
        (str(tmp_path), SourceKind.FOLDER),
    ):
        spec = SourceSpec.parse(text)
        assert spec.kind is kind
        assert Path(spec.value).is_absolute()
        assert SourceSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.avi", "MJPG"),
        ("a.mkv", "FFV1"),
        ("a.mov", "png "),
        ("a.webm", "VP80"),
        ("a.mp4", "mp4v"),
    ],
)
def test_content_counts_more_than_the_suffix(
    make_video: MakeVideo, tmp_path: Path, name: str, codec: str
) -> None:
    path = make_video(name, codec=codec, frames=3)
    misnamed = path.rename(tmp_path / "holiday.jpg")
    spec = SourceSpec.parse(str(misnamed))
    assert spec.kind is SourceKind.VIDEO
    source = open_source(spec)
    source.open()
    source.close()
    portrait = tmp_path / "portrait.mp4"
    portrait.write_bytes(asset("portrait.png").read_bytes())
    assert SourceSpec.parse(str(portrait)).kind is SourceKind.IMAGE


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", "a.mp4", "empty"),
        (b"just text", "notes.txt", "neither a picture nor a video"),
        (b"PK\3\4 zip", "model.safetensors", "neither a picture nor a video"),
        (None, "gone.mp4", "does not exist"),
    ],
)
def test_refused(tmp_path: Path, content: bytes | None, name: str, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FerdeskError, match=message):
        SourceSpec.parse(str(path))


def test_names_that_no_file_can_have() -> None:
    for text in ("x" * 5000, "http://cam/" + "x" * 5000, "a\nb", "a\0b"):
        try:
            SourceSpec.parse(text)
        except FerdeskError:
            continue
        assert text.startswith("http")


def test_nothing_named() -> None:
    with pytest.raises(FerdeskError, match="No source was named"):
        SourceSpec.parse("  ")


def test_device_file_is_a_camera() -> None:
    device = Path("/dev/null")
    if not device.is_char_device():
        pytest.skip("no device files here")
    assert SourceSpec.parse(str(device)) == SourceSpec(SourceKind.CAMERA, "/dev/null")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (SourceKind.CAMERA, CameraSource),
        (SourceKind.VIDEO, VideoSource),
        (SourceKind.IMAGE, ImageSource),
        (SourceKind.FOLDER, FolderSource),
        (SourceKind.LIST, FileListSource),
        (SourceKind.SAMPLE, SampleSource),
        (SourceKind.URL, UrlSource),
    ],
)
def test_constructing_touches_nothing(kind: SourceKind, expected: type) -> None:
    source = open_source(SourceSpec(kind, "http://u:secret@none/such.mp4"))
    assert type(source) is expected
    assert source.description
    assert source.warning == ""
    with pytest.raises(RuntimeError, match="not open"):
        source.read()
    source.close()
    source.close()


def test_sample_plays_and_loops() -> None:
    source = open_source(SourceSpec(SourceKind.SAMPLE, loop=True))
    info = source.open()
    assert (info.name, info.width, info.height, info.live) == ("Built-in sample", 640, 360, False)
    assert info.fps == pytest.approx(24000 / 1001)
    for index in range(480):  # of 472
        frame = source.read()
        assert frame is not None
        assert frame.index == index
        assert frame.media_time == pytest.approx(index * 1001 / 24000, abs=2e-3)
        assert frame.file is None
        assert frame.image.shape == (360, 640, 3)
    source.close()


def test_importing_sources_loads_nothing_heavy() -> None:
    code = """
import sys
import ferdesk.sources.spec
heavy = ("torch", "mediapipe", "PySide6", "openvino", "pyqtgraph", "matplotlib")
sys.exit(str([m for m in heavy if m in sys.modules]) if any(m in sys.modules for m in heavy) else 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
