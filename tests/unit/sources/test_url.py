"""A real HTTP server on loopback, real FFmpeg on the other side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import cv2
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Frame, SourceLostError
from ferdesk.sources.url import UrlSource

from .fakes import MakeVideo, picture


class Camera(ThreadingHTTPServer):
    """Serves /mjpeg (`frames` pictures, then `ending`) and /file (a finite video)."""

    daemon_threads = True
    frames = 10
    ending = "hang up"
    file: Path | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.stopped = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: Camera

    def do_GET(self) -> None:
        try:
            if self.path == "/mjpeg":
                self.stream()
            elif self.path == "/file" and self.server.file is not None:
                data = self.server.file.read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", "video/mp4")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            else:
                self.send_error(404)
        except OSError:
            pass  # the client went away

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        for index in range(self.server.frames):
            jpeg = cv2.imencode(".jpg", picture(index, 160, 120))[1].tobytes()
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")
            self.wfile.flush()
            if self.server.stopped.wait(0.02):
                return
        if self.server.ending == "silence":
            self.server.stopped.wait(60)

    def log_message(self, *arguments: object) -> None:
        """Keep the test output clean."""


@pytest.fixture
def server() -> Iterator[Camera]:
    with Camera() as camera:
        thread = threading.Thread(target=camera.serve_forever, daemon=True)
        thread.start()
        yield camera
        camera.stopped.set()
        camera.shutdown()
        thread.join(5)


def read_until_lost(source: UrlSource) -> tuple[list[Frame], str, float]:
    """All frames, what was said at the end, and how long the last read took."""
    frames: list[Frame] = []
    while True:
        start = time.monotonic()
        try:
            frame = source.read()
        except SourceLostError as error:
            source.close()
            return frames, str(error), time.monotonic() - start
        assert frame is not None
        frames.append(frame)


def test_mjpeg_stream_until_it_hangs_up(server: Camera) -> None:
    server.frames = 30
    source = UrlSource(server.url("mjpeg"))
    info = source.open()
    assert (info.width, info.height, info.live, info.frame_count) == (160, 120, True, None)
    frames, message, _ = read_until_lost(source)
    assert "stopped" in message
    assert len(frames) >= 28
    assert [f.index for f in frames] == list(range(len(frames)))
    assert float(frames[0].image.mean()) < 6  # the very first picture is not lost
    assert all(a.media_time < b.media_time for a, b in pairwise(frames))


def test_silent_stream_is_given_up_in_time(server: Camera) -> None:
    server.frames, server.ending = 12, "silence"
    source = UrlSource(server.url("mjpeg"))
    source.open()
    frames, _, seconds = read_until_lost(source)
    assert len(frames) >= 10
    assert seconds < 20


def test_coming_back(server: Camera) -> None:
    source = UrlSource(server.url("mjpeg"))
    for _ in range(2):
        source.open()
        frame = source.read()
        assert frame is not None
        assert frame.index == 0
    source.close()
    with pytest.raises(RuntimeError, match="not open"):
        source.read()


def test_finite_video_is_read_like_a_file(server: Camera, make_video: MakeVideo) -> None:
    server.file = make_video("a.avi", codec="MJPG", frames=15)
    source = UrlSource(server.url("file"))
    info = source.open()
    assert info.live is False
    assert info.frame_count == 15
    times = []
    while (frame := source.read()) is not None:
        times.append(frame.media_time)
    source.close()
    assert times == pytest.approx([k / 25 for k in range(15)], abs=2e-3)


def test_nothing_there(server: Camera) -> None:
    start = time.monotonic()
    with pytest.raises(FerdeskError, match="No video came from"):
        UrlSource(server.url("none")).open()
    with pytest.raises(FerdeskError, match="No video came from"):
        UrlSource("http://127.0.0.1:9/none").open()
    assert time.monotonic() - start < 20
