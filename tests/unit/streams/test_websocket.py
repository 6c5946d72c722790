"""The WebSocket with real clients: who gets in, what they get, and what a bad one costs."""

from __future__ import annotations

import json
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ferdesk.pipeline.types import Reading
from ferdesk.streams.outlet import StreamError

pytest.importorskip("websockets")

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from ferdesk.streams import messages
from ferdesk.streams.sender import Sender
from ferdesk.streams.websocket import WebSocketOutlet, is_loopback
from tests.unit.streams.conftest import with_change


@pytest.fixture
def outlet() -> Iterator[WebSocketOutlet]:
    outlet = WebSocketOutlet(0, source="sample", origins=("http://friend.example",))
    yield outlet
    outlet.close()
    assert not outlet._thread.is_alive()


def until(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_a_receiver_gets_every_reading(
    outlet: WebSocketOutlet, reading_of: Callable[..., Reading]
) -> None:
    assert outlet.receivers == "nobody listens"
    sender = Sender([outlet])
    sender.set_threshold(0.5)
    with connect(outlet.address, proxy=None) as client:
        hello = json.loads(client.recv(30))
        assert (hello["type"], hello["version"], hello["source"]) == ("hello", 1, "sample")
        assert hello["expressions"][1] == "happiness"
        assert len(hello["blendshapes"]) == 52
        assert until(lambda: outlet.receivers == "1 receiver")
        sent = [with_change(reading_of(i, (1, 0.9), (2, None))) for i in range(30)]
        for reading in sent:
            sender.reading(reading)
        sender.reading(reading_of(30))
        sender.mark("go", 2.5)
        found = [json.loads(client.recv(30)) for _ in range(32)]
    assert [message["frame"] for message in found[:31]] == list(range(31))
    first = found[0]
    assert first["type"] == "reading"
    assert first["captured"] == pytest.approx(sent[0].frame.captured_at, abs=1e-6)
    assert (first["width"], first["height"]) == (320, 240)
    face = first["faces"][0]
    assert (face["id"], face["label"], face["reliability"]) == (1, "happiness", 0.9)
    assert face["box"] == [0.0, 0.0, 110.0, 140.0]
    assert len(face["probabilities"]) == 7
    assert first["faces"][1]["reliability"] is None
    assert face["change"] == [0, 1, 2, 3, 4, 5, 6]
    assert face["blendshapes_change"][51] == 0.51
    assert first["faces"][1]["change"] is None
    assert found[30]["faces"] == []
    assert found[31] == {"type": "event", "version": 1, "label": "go", "captured": 2.5}
    assert until(lambda: outlet.receivers == "nobody listens")
    assert sender.close()


def test_what_is_not_known_is_null_and_any_reason_is_told(
    reading_of: Callable[..., Reading],
) -> None:
    reading = with_change(reading_of(0, (1, 0.123456)))
    face = reading.faces[0]
    assert face.change is not None
    unknown = replace(face.change, blendshapes=np.full(52, np.nan, np.float32))
    reason = 'a "hidden" mouth,\nno nose'
    reading = replace(reading, faces=(replace(face, change=unknown, reason=reason),))

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    found = json.loads(messages.reading(reading, 0.5), parse_constant=refuse)["faces"][0]
    assert found["blendshapes_change"] == [None] * 52
    assert found["change"] == [0, 1, 2, 3, 4, 5, 6]
    assert found["reason"] == reason
    assert found["reliability"] == 0.1235
    assert found["probabilities"] == [0.05, 0.7, 0.05, 0.05, 0.05, 0.05, 0.05]
    assert found["prediction_set"] == ["happiness"]


@pytest.mark.parametrize("change", ["", "?token=wrong", "?token=", "?token=%FF"])
def test_the_token_is_needed(outlet: WebSocketOutlet, change: str) -> None:
    place = outlet.address.partition("?")[0]
    with pytest.raises(InvalidStatus) as refused, connect(place + change, proxy=None):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("http://friend.example", True),
        ("http://evil.example", False),
        ("http://friend.example.evil.example", False),
        ("http://127.0.0.1", False),
        ("null", False),
    ],
)
def test_a_foreign_page_is_refused_even_with_the_token(
    outlet: WebSocketOutlet, origin: str | None, welcome: bool
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    if welcome:
        with connect(outlet.address, additional_headers=headers, proxy=None) as client:
            assert json.loads(client.recv(30))["type"] == "hello"
        return
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(outlet.address, additional_headers=headers, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403


class _Page(BaseHTTPRequestHandler):
    """Serves a page that tries both sockets, and takes what it says about them."""

    sockets: tuple[str, str]
    verdict: queue.Queue[str]

    def do_GET(self) -> None:
        if self.path.startswith("/verdict/"):
            self.verdict.put(self.path.removeprefix("/verdict/"))
        foreign, friend = map(json.dumps, self.sockets)
        script = (
            "const tell = (name, word) => fetch('/verdict/' + name + '-' + word);"
            f"[['foreign', {foreign}], ['friend', {friend}]]"
            ".forEach(([name, address]) => { const s = new WebSocket(address);"
            " s.onmessage = () => tell(name, 'got-in'); s.onerror = () => tell(name, 'refused'); })"
        )
        page = f"<title>page</title><script>{script}</script>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *arguments: object) -> None:
        """Silent."""


def test_a_page_in_a_real_browser_is_refused_unless_it_was_allowed(
    outlet: WebSocketOutlet, tmp_path: Path
) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no Chromium here")
    pages = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    place = f"http://127.0.0.1:{pages.server_address[1]}"
    friend = WebSocketOutlet(0, origins=(place,))
    _Page.sockets, _Page.verdict = (outlet.address, friend.address), queue.Queue()
    threading.Thread(target=pages.serve_forever, args=(0.05,), daemon=True).start()
    process = subprocess.Popen(
        [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-proxy-server",
         f"--user-data-dir={tmp_path / 'profile'}", "--remote-debugging-port=0", place],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        verdicts = {_Page.verdict.get(timeout=60), _Page.verdict.get(timeout=20)}
    finally:
        process.kill()
        process.wait(10)
        pages.shutdown()
        pages.server_close()
        friend.close()
    assert verdicts == {"foreign-refused", "friend-got-in"}


def test_a_receiver_that_hangs_costs_counted_messages_only(
    outlet: WebSocketOutlet, reading_of: Callable[..., Reading]
) -> None:
    """It reads nothing; the other gets everything, and memory does not grow."""
    sender = Sender([outlet], waiting=4000)
    reading = reading_of(0, (1, 0.9), (2, 0.9), (3, 0.9))
    raw = socket.create_connection(("127.0.0.1", outlet.port))
    path = outlet.address.partition("/?")[2]
    raw.sendall(
        f"GET /?{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert until(lambda: outlet.receivers == "1 receiver")
    for _ in range(40):
        if outlet.lost:
            break
        for _ in range(100):
            sender.reading(reading)
        until(lambda: sender.status()[0].sent % 100 == 0, 2)
        time.sleep(0.05)
    assert outlet.lost, "what it does not read is counted"
    with connect(outlet.address, proxy=None) as client:
        client.recv(30)
        assert until(lambda: outlet.receivers == "2 receivers")
        until(sender._queue.empty)
        for i in range(20):
            sender.reading(reading_of(1000 + i))
        found: list[int] = []
        while len(found) < 20:
            message = json.loads(client.recv(30))
            if message["frame"] >= 1000:
                found.append(message["frame"])
        assert found == list(range(1000, 1020))
    waiting = [c.transport.get_write_buffer_size() for c in outlet._receivers]
    assert max(waiting) < 512 * 1024
    assert sender.close(5)
    raw.close()


def test_a_port_in_use(outlet: WebSocketOutlet) -> None:
    with pytest.raises(StreamError, match="another port"):
        WebSocketOutlet(outlet.port)
    with pytest.raises(StreamError, match="65535"):
        WebSocketOutlet(70000)


def test_tokens_are_new_every_time() -> None:
    tokens = set()
    for _ in range(3):
        outlet = WebSocketOutlet(0)
        assert outlet.address.startswith("ws://127.0.0.1:")
        tokens.add(outlet.address.partition("token=")[2])
        outlet.close()
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 20


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost", "127.1.2.3")))
    assert not any(map(is_loopback, ("0.0.0.0", "192.168.1.4", "example.org", "::")))
