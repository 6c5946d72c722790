"""The receivers: one process per way, noting which frame came when."""

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
from dataclasses import dataclass
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


class Arrival(NamedTuple):
    """One reading at its receiver; times are `time.perf_counter()`."""

    frame: int
    at: float
    stamp: float
    """When it was captured by the time stamp that came with it; NaN where none comes."""


# --- in the process of the receiver --------------------------------------------------------------


def _from_lsl(source: str) -> Iterator[tuple[int, float]]:
    import pylsl

    found = pylsl.resolve_byprop("source_id", f"ferdesk-{source}", 1, 20.0)
    inlet = pylsl.StreamInlet(found[0], recover=False)
    clock = ClockMap(pylsl.local_clock)
    inlet.open_stream(timeout=10)
    yield -1, math.nan
    while True:
        sample, stamp = inlet.pull_sample(timeout=1.0)
        if sample is not None:
            yield int(sample[_FRAME]), clock.ours(stamp)


def _from_osc(port: str) -> Iterator[tuple[int, float]]:
    from pythonosc.osc_bundle import OscBundle

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", int(port)))
        yield -1, math.nan
        while True:
            first = OscBundle(receiver.recv(65536)).content(0)
            if first.address == "/ferdesk/frame":
                yield first.params[0], math.nan


def _from_websocket(address: str) -> Iterator[tuple[int, float]]:
    from websockets.sync.client import connect

    with connect(address, proxy=None) as client:
        yield -1, math.nan
        for text in client:
            message = json.loads(text)
            if message["type"] == "reading":
                yield message["frame"], message["captured"]


_RECEIVERS: Final[dict[str, Callable[[str], Iterator[tuple[int, float]]]]] = {
    "LSL": _from_lsl, "OSC": _from_osc, "WebSocket": _from_websocket,
}  # fmt: skip


def receive(way: str, address: str) -> None:
    """Say that it listens, note every frame and when it came, and tell when stdin is closed."""
    found: list[tuple[int, float, float]] = []

    def listen() -> None:
        for frame, stamp in _RECEIVERS[way](address):
            if frame < 0:
                sys.stdout.write(_LISTENING)
                sys.stdout.flush()
            else:
                found.append((frame, time.perf_counter(), stamp))

    threading.Thread(target=listen, daemon=True).start()
    sys.stdin.read()
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)  # The thread may be waiting in native code.


# --- in the process that sends -------------------------------------------------------------------


@dataclass(frozen=True)
class Receivers:
    """Everybody listens; `arrivals` ends it."""

    outlets: tuple[LslOutlet, OscOutlet, WebSocketOutlet]
    processes: dict[str, subprocess.Popen[str]]

    @classmethod
    def start(cls) -> Self:
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
                [sys.executable, "-m", "benchmarks.streams", "--receive", way, address],
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
        time.sleep(0.5)
        texts = {way: p.communicate(timeout=120)[0] for way, p in self.processes.items()}
        return {
            way: [Arrival(*arrival) for arrival in json.loads(text)] for way, text in texts.items()
        }

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
