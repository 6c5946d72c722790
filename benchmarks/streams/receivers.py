"""The receivers: one process per way, noting which frame came when.

What a receiver does with a reading is not the sender's doing, but on the same computer it takes
from the same cores. So there are two kinds. One wakes for every reading and unpacks it at once. The
other, as near as one computer comes to receivers on another, lets the system collect what comes and
wakes once per second.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from ferdesk.errors import FerdeskError
from ferdesk.streams.clock import ClockMap
from ferdesk.streams.lsl import CHANNELS, LslOutlet, source_id
from ferdesk.streams.osc import OscOutlet
from ferdesk.streams.websocket import WebSocketOutlet

_FRAME: Final = [label for label, _, _ in CHANNELS].index("frame")
_LSL: Final = (
    "[ports]\nIPv6 = disable\n[multicast]\nResolveScope = machine\n"
    "[lab]\nKnownPeers = {127.0.0.1}\n[log]\nlevel = -2\n"
)
_LISTENING: Final = "listening\n"
_FETCH_SECONDS: Final = 1.0
AT_ONCE: Final = "at once"
LATER: Final = "later"


class Arrival(NamedTuple):
    """One reading at its receiver; times are `time.perf_counter()`."""

    frame: int
    at: float
    stamp: float
    """When it was captured by the time stamp that came with it; NaN where none comes."""


# --- in the process of the receiver --------------------------------------------------------------

Found = Iterator[tuple[int, float]]
"""Frame and time stamp; first `_LISTENS`, as soon as it does."""
_LISTENS: Final = (-1, math.nan)


def _from_lsl(source: str, at_once: bool) -> Found:
    import pylsl

    readings, movements = (
        pylsl.StreamInlet(pylsl.resolve_byprop("source_id", stream, 1, 20.0)[0], recover=False)
        for stream in (f"ferdesk-{source}", f"ferdesk-blendshapes-{source}")
    )
    clock = ClockMap(pylsl.local_clock)
    readings.open_stream(timeout=10)
    movements.open_stream(timeout=10)
    yield _LISTENS
    while True:
        if at_once:
            samples, stamps = readings.pull_chunk(timeout=1.0, max_samples=1)
        else:
            time.sleep(_FETCH_SECONDS)
            samples, stamps = readings.pull_chunk()
        movements.pull_chunk()
        for sample, stamp in zip(samples, stamps, strict=True):
            yield int(sample[_FRAME]), clock.ours(stamp)


def _from_osc(port: str, at_once: bool) -> Found:
    from pythonosc.osc_bundle import OscBundle

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", int(port)))
        receiver.settimeout(None if at_once else 0)
        yield _LISTENS
        while True:
            try:
                datagram = receiver.recv(65536)
            except BlockingIOError:
                time.sleep(_FETCH_SECONDS)
                continue
            first = OscBundle(datagram).content(0)
            if first.address == "/ferdesk/frame":
                yield first.params[0], math.nan


def _from_websocket(address: str, at_once: bool) -> Found:
    from websockets.sync.client import connect

    # Where nobody takes a message, its thread leaves the next ones to the system.
    with connect(address, proxy=None, max_queue=None if at_once else 1) as client:
        yield _LISTENS
        while True:
            try:
                text = client.recv(timeout=None if at_once else 0.01)
            except TimeoutError:
                time.sleep(_FETCH_SECONDS)
                continue
            message = json.loads(text)
            if message["type"] == "reading":
                yield message["frame"], message["captured"]


_RECEIVERS: Final[dict[str, Callable[[str, bool], Found]]] = {
    "LSL": _from_lsl, "OSC": _from_osc, "WebSocket": _from_websocket,
}  # fmt: skip


def receive(way: str, address: str, kind: str) -> None:
    """Say that it listens, note every frame and when it came, and tell when stdin is closed.

    `kind`: "at once", or "later".
    """
    found: list[tuple[int, float, float]] = []
    began = 0.0

    def listen() -> None:
        nonlocal began
        for frame, stamp in _RECEIVERS[way](address, kind == AT_ONCE):
            if frame < 0:
                began = time.process_time()
                sys.stdout.write(_LISTENING)
                sys.stdout.flush()
            else:
                found.append((frame, time.perf_counter(), stamp))

    threading.Thread(target=listen, daemon=True).start()
    sys.stdin.read()
    used = time.process_time() - began
    sys.stdout.write(json.dumps({"seconds": used, "arrivals": found}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # The thread may be waiting in native code.


# --- in the process that sends -------------------------------------------------------------------


@dataclass(frozen=True)
class Receivers:
    """Everybody listens; `arrivals` ends it."""

    outlets: tuple[LslOutlet, OscOutlet, WebSocketOutlet]
    processes: dict[str, subprocess.Popen[str]]
    seconds: dict[str, float] = field(default_factory=dict)
    """Processor time of each while it listened; filled by `arrivals`."""

    @classmethod
    def start(cls, kind: str = AT_ONCE) -> Self:
        """Outlets on this computer and a process that listens to each. FerdeskError."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # Another run on this computer has another name.
        source = f"benchmark {os.getpid()} {port}"
        outlets = LslOutlet(source), OscOutlet("127.0.0.1", port), WebSocketOutlet(0)
        addresses = {"LSL": source_id(source), "OSC": str(port), "WebSocket": outlets[2].address}
        started = cls(outlets, {
            way: subprocess.Popen(
                [sys.executable, "-m", "benchmarks.streams", "--receive", way, address, kind],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for way, address in addresses.items()
        })  # fmt: skip
        try:
            for way, process in started.processes.items():
                assert process.stdout is not None
                if process.stdout.readline() != _LISTENING:
                    raise FerdeskError(f"The receiver of {way} did not begin.")
        except BaseException:
            started.close()
            raise
        return started

    def arrivals(self) -> dict[str, list[Arrival]]:
        """What each got, in the order in which it came; they hear nothing any more."""
        time.sleep(1.5 * _FETCH_SECONDS)
        texts = {way: p.communicate(timeout=120)[0] for way, p in self.processes.items()}
        told = {way: json.loads(text) for way, text in texts.items()}
        self.seconds.update({way: one["seconds"] for way, one in told.items()})
        return {way: [Arrival(*a) for a in one["arrivals"]] for way, one in told.items()}

    def close(self) -> None:
        """End the processes; the outlets belong to the sender."""
        for process in self.processes.values():
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def quiet_lsl(folder: str) -> Iterator[None]:
    """Nothing of a measurement leaves the computer: liblsl reads this when it is loaded."""
    if "LSLAPICFG" in os.environ:
        yield
        return
    path = Path(folder) / "lsl.cfg"
    path.write_text(_LSL, encoding="utf-8")
    os.environ["LSLAPICFG"] = str(path)
    try:
        yield
    finally:
        del os.environ["LSLAPICFG"]
