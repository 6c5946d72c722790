"""`ferdesk stream`: the real engine, the sample, and receivers on this computer."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from ferdesk import cli
from ferdesk.commands.stream import StreamOptions, stream
from tests.unit.model.helpers import tiny_checkpoint


@pytest.fixture(autouse=True)
def no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)


def test_the_sample_reaches_a_websocket_and_an_osc_receiver(tmp_path: Path) -> None:
    pytest.importorskip("pythonosc")
    client = pytest.importorskip("websockets.sync.client")
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    said: list[str] = []
    found: list[dict[str, object]] = []
    listening = threading.Event()
    receivers: list[threading.Thread] = []

    def listen(address: str) -> None:
        with client.connect(address, proxy=None) as connection:
            listening.set()
            for message in connection:
                found.append(json.loads(message))

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("WebSocket: "):
            address = text.removeprefix("WebSocket: ").strip()
            receivers.append(threading.Thread(target=listen, args=(address,), daemon=True))
            receivers[0].start()
            assert listening.wait(30)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as osc:
        osc.bind(("127.0.0.1", 0))
        osc.settimeout(10)
        options = StreamOptions(osc=f"127.0.0.1:{osc.getsockname()[1]}", websocket=0)
        code = stream(
            "sample", options, seconds=2, checkpoint=model, device="cpu", say=say, max_faces=1
        )
        assert code == 0
        datagram = osc.recv(65536)
    receivers[0].join(30)
    assert datagram.startswith(b"#bundle")
    assert b"/ferdesk/event" in datagram, "the first is that the source was opened"
    readings = [message for message in found if message["type"] == "reading"]
    assert found[0]["type"] == "hello"
    assert [m["label"] for m in found if m["type"] == "event"] == ["source-opened"]
    assert readings
    frames = [int(str(reading["frame"])) for reading in readings]
    assert frames == sorted(set(frames))
    assert readings[-1]["faces"]
    assert f"WebSocket: {len(readings)} readings" in said[-1]
    assert "lost" not in said[-1]


def test_what_cannot_be_streamed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pythonosc")
    pytest.importorskip("websockets")
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    common = ["--checkpoint", str(model), "--device", "cpu"]
    for arguments, words in (
        (["sample"], "--lsl, --osc"),
        (["sample", "--osc", "nowhere"], "HOST:PORT"),
        (["sample", "--osc", "127.0.0.1:9", "--seconds", "0"], "--seconds"),
        (["absent.mp4", "--osc", "127.0.0.1:9"], "absent.mp4"),
        (["sample", "--websocket", "99999"], "65535"),
        (["sample", "--osc", "127.0.0.1:9", "--coverage", "0.5"], "risk-coverage"),
    ):
        assert cli.run(["stream", *arguments, *common]) == 2
        assert words in capsys.readouterr().err


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from ferdesk.errors import FerdeskError

    monkeypatch.setitem(sys.modules, "websockets.asyncio", None)
    monkeypatch.setitem(sys.modules, "pythonosc.parsing", None)
    for options in (StreamOptions(websocket=0), StreamOptions(osc="127.0.0.1:9")):
        with pytest.raises(FerdeskError, match="ferdesk\\[stream\\]"):
            stream("sample", options)
