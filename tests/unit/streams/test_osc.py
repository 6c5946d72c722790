"""OSC over a real socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ferdesk.pipeline.types import Reading
from ferdesk.streams.outlet import StreamError

pytest.importorskip("pythonosc")

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

from ferdesk.streams.osc import OscOutlet, parse_address
from ferdesk.streams.sender import Sender
from tests.unit.streams.conftest import with_change


@pytest.fixture
def server() -> Iterator[tuple[int, list[tuple[str, tuple[Any, ...]]]]]:
    heard: list[tuple[str, tuple[Any, ...]]] = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: heard.append((address, values)))
    server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_address[1], heard
    server.shutdown()
    server.server_close()
    thread.join(2)


def test_a_reading_arrives_whole(
    server: tuple[int, list[tuple[str, tuple[Any, ...]]]], reading_of: Callable[..., Reading]
) -> None:
    port, heard = server
    sender = Sender([OscOutlet("127.0.0.1", port)])
    sender.set_threshold(0.5)
    sender.reading(reading_of(3, (1, 0.9), (4, 0.25)))
    sender.reading(reading_of(4, (0, None)))
    sender.mark("stimulus é", 1.0)
    assert sender.close()
    deadline = time.monotonic() + 20
    while len(heard) < 18 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(heard) == 1 + 2 * 5 + 1 + 5 + 1
    found = dict(heard[:11])
    assert found["/ferdesk/frame"] == (3, pytest.approx(0.1), 2)
    assert found["/ferdesk/face/1/label"] == ("happiness",)
    assert found["/ferdesk/face/2/label"] == ("unsure",), "below the operating point"
    assert found["/ferdesk/face/1/expression"][1] == pytest.approx(0.7)
    assert len(found["/ferdesk/face/1/expression"]) == 7
    assert found["/ferdesk/face/1/reliability"] == (pytest.approx(0.9),)
    assert found["/ferdesk/face/1/pose"] == (12.5, -3.0, 1.0)
    assert found["/ferdesk/face/1/blendshapes"][-1] == 1.0
    assert len(found["/ferdesk/face/1/blendshapes"]) == 52
    assert dict(heard[11:])["/ferdesk/face/1/reliability"] == (-1.0,), "not known"
    assert ("/ferdesk/event", ("stimulus é",)) in heard


def test_a_change_goes_out_where_there_is_a_baseline(
    server: tuple[int, list[tuple[str, tuple[Any, ...]]]], reading_of: Callable[..., Reading]
) -> None:
    port, heard = server
    sender = Sender([OscOutlet("127.0.0.1", port)])
    sender.reading(with_change(reading_of(0, (1, 0.9), (4, 0.25))))
    assert sender.close()
    deadline = time.monotonic() + 20
    while len(heard) < 13 and time.monotonic() < deadline:
        time.sleep(0.01)
    found = dict(heard)
    assert found["/ferdesk/face/1/change"] == tuple(range(7))
    assert found["/ferdesk/face/1/blendshapes_change"][51] == pytest.approx(0.51)
    assert "/ferdesk/face/2/change" not in found


def test_a_host_that_is_gone_costs_nothing(reading_of: Callable[..., Reading]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outlet = OscOutlet("127.0.0.1", port)
    reading = reading_of(0, (1, 0.9))
    start = time.perf_counter()
    for _ in range(200):
        outlet.send(reading, 0.0)
    assert time.perf_counter() - start < 20
    outlet.close()


def test_a_network_that_refuses_is_counted(reading_of: Callable[..., Reading]) -> None:
    """Broadcasting is not allowed to a socket that did not ask for it."""
    sender = Sender([OscOutlet("255.255.255.255", 9)])
    for i in range(5):
        sender.reading(reading_of(i))
    assert sender.close()
    (status,) = sender.status()
    assert (status.sent, status.lost) == (0, 5)


def test_addresses() -> None:
    assert parse_address("10.0.0.7:9000") == ("10.0.0.7", 9000)
    assert parse_address("[::1]:1") == ("::1", 1)
    for wrong in ("", "host", "host:", ":9000", "host:x", "host:0", "host:65536", "host:-1", "h:٣"):
        with pytest.raises(StreamError):
            parse_address(wrong)
    with pytest.raises(StreamError, match="no address"):
        OscOutlet("no such host.invalid", 9000)
