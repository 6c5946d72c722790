"""Passwords in addresses are shown nowhere."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferdesk.addresses import CleanFormatter, display_address, hide_passwords
from ferdesk.errors import FerdeskError
from ferdesk.sources.base import Source
from ferdesk.sources.spec import SourceSpec, open_source
from ferdesk.sources.video import VideoSource

SHOWN = {
    "rtsp://me:secret@cam:554/x?y=1": "rtsp://me:***@cam:554/x?y=1",
    "http://cam/x": "http://cam/x",
    "http://cam:8080/x?mail=a@b": "http://cam:8080/x?mail=a@b",
    "rtsp://u:p/secret@cam/x": "rtsp://u:***@cam/x",
    "rtsp://u:sec?ret@cam/x": "rtsp://u:***@cam/x",
    "rtsp://u:a@secret@cam/1": "rtsp://u:***@cam/1",
    "rtsp://u:se'c ret@cam/1": "rtsp://u:***@cam/1",
    "HTTP://u:secret@[::1": "HTTP://u:***@[::1",
    "http://cam/?user=a&pwd=secret&b=1": "http://cam/?user=a&pwd=***&b=1",
    "http://cam/x?access_token=secret#auth=secret": "http://cam/x?access_token=***#auth=***",
    "/home/me/clip.mp4": "/home/me/clip.mp4",
    "camera:HD Webcam: C270": "camera:HD Webcam: C270",
}


@pytest.mark.parametrize("address", SHOWN)
def test_display_names(address: str) -> None:
    assert display_address(address) == SHOWN[address]
    assert display_address(SHOWN[address]) == SHOWN[address]


def test_addresses_within_a_text() -> None:
    text = "'rtsp://me:secret@cam/1' or http://cam/y?user=a&pwd=secret&b=1 failed."
    assert hide_passwords(text) == (
        "'rtsp://me:***@cam/1' or http://cam/y?user=a&pwd=***&b=1 failed."
    )


def test_a_traceback_in_the_log() -> None:
    try:
        raise ValueError("cannot open rtsp://me:secret@cam/1")
    except ValueError:
        record = logging.LogRecord("x", 40, "f", 1, "at %s", ("http://u:secret@h",), sys.exc_info())
    text = CleanFormatter("%(message)s").format(record)
    assert "Traceback" in text
    assert "me:secret" not in text
    assert "u:secret" not in text


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://me:secret@127.0.0.1:9/x",
        "http://me:secret@127.0.0.1:9/x?pwd=secret",
        "htp://me:secret@127.0.0.1/x",
        "rtsp:/me:secret@127.0.0.1/x",
        "http://me:secret@[::1",
    ],
)
def test_what_the_sources_say(text: str) -> None:
    def opened() -> Source:
        spec = SourceSpec.parse(text)
        assert "secret" not in f"{spec!r} {spec.shown}"
        source = open_source(spec)
        assert "secret" not in source.description
        source.open()
        return source

    with pytest.raises(FerdeskError) as caught:
        opened()
    assert "secret" not in str(caught.value)


def test_a_finite_video_behind_an_address() -> None:
    address = "http://me:secret@127.0.0.1:9/x.mp4"
    with pytest.raises(FerdeskError, match="damaged") as caught:
        VideoSource(address, name=display_address(address)).open()
    assert "secret" not in str(caught.value)


def test_a_hidden_password_is_asked_for_again() -> None:
    with pytest.raises(FerdeskError, match=r"was not kept.*enter the whole address again"):
        SourceSpec.parse("rtsp://me:***@cam/1")


def test_nothing_is_left_of_it_after_a_command(tmp_path: Path) -> None:
    """Terminal, log file and every other file of a whole process."""
    address = "http://me:secret@127.0.0.1:9/stream?token=secret"
    folders = {f"FERDESK_{n}_DIR": str(tmp_path / n) for n in ("CONFIG", "STATE", "CACHE")}
    done = subprocess.run(
        [sys.executable, "-m", "ferdesk", "analyze", address, "--out", str(tmp_path / "a.csv")],
        env={**os.environ, **folders},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "http://me:***@127.0.0.1:9/stream?token=***" in done.stderr
    assert "secret" not in done.stdout + done.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"secret" in path.read_bytes()]
