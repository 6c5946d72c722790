"""What streaming costs and how late it is: LSL, OSC and WebSocket to receivers in other processes.

    python -m benchmarks.streams --readings 300

Latency: from the capture of a frame to its reading in the receiver, at 30 frames per second, all
three on; "analysed" is the part before the sender gets it. Cost: readings per second as fast as the
analysis can, off and with all three on in turn, so that only the ratio matters; and the processor
time of the process with the window's part of the work. All processes read
one clock (`time.perf_counter`), which Linux, macOS and Windows share among processes.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferdesk.commands.bench import Figures, measure_live
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.types import Reading
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.spec import SourceSpec
from ferdesk.streams.lsl import CHANNELS, NAME, LslOutlet
from ferdesk.streams.osc import OscOutlet
from ferdesk.streams.sender import Sender
from ferdesk.streams.websocket import WebSocketOutlet

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor

_ORDER: Final = ("off", "on", "on", "off", "off", "on")
_FASTER: Final = 120.0
"""Frames per second that the analysis of one face does not reach on the CPUs measured so far."""
_FRAME: Final = [label for label, _, _ in CHANNELS].index("frame")
_LSL: Final = (
    "[ports]\nIPv6 = disable\n[multicast]\nResolveScope = machine\n"
    "[lab]\nKnownPeers = {127.0.0.1}\n[log]\nlevel = -2\n"
)
"""Nothing of a measurement leaves the computer."""


class _Noting(Sender):
    """Notes when each frame was captured and when its reading was there."""

    def __init__(self, outlets: tuple[LslOutlet, OscOutlet, WebSocketOutlet]) -> None:
        super().__init__(outlets)
        self.captured: dict[int, float] = {}
        self.analysed: list[float] = []

    def reading(self, reading: Reading) -> None:
        self.captured[reading.frame.index] = reading.frame.captured_at
        self.analysed.append(time.perf_counter() - reading.frame.captured_at)
        super().reading(reading)


# --- the receivers' processes -------------------------------------------------------------------


def _from_lsl(_: str) -> Iterator[int]:
    import pylsl

    inlet = pylsl.StreamInlet(pylsl.resolve_byprop("name", NAME, 1, 20.0)[0], recover=False)
    inlet.open_stream(timeout=10)
    yield -1
    while True:
        sample, _stamp = inlet.pull_sample(timeout=1.0)
        if sample is not None:
            yield int(sample[_FRAME])


def _from_osc(port: str) -> Iterator[int]:
    from pythonosc.osc_bundle import OscBundle

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", int(port)))
        yield -1
        while True:
            first = OscBundle(receiver.recv(65536)).content(0)
            if first.address == "/ferdesk/frame":
                yield first.params[0]


def _from_websocket(address: str) -> Iterator[int]:
    from websockets.sync.client import connect

    with connect(address, proxy=None) as client:
        yield -1
        for text in client:
            message = json.loads(text)
            if message["type"] == "reading":
                yield message["frame"]


_RECEIVERS: Final[dict[str, Callable[[str], Iterator[int]]]] = {
    "LSL": _from_lsl, "OSC": _from_osc, "WebSocket": _from_websocket,
}  # fmt: skip


def receive(way: str, address: str) -> None:
    """Say that it listens, note every frame and when it came, and tell when stdin is closed."""
    found: list[tuple[int, float]] = []

    def listen() -> None:
        for frame in _RECEIVERS[way](address):
            if frame < 0:
                sys.stdout.write("listening\n")
                sys.stdout.flush()
            else:
                found.append((frame, time.perf_counter()))

    threading.Thread(target=listen, daemon=True).start()
    sys.stdin.read()
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)  # The thread may be waiting in native code.


# --- the measurement ----------------------------------------------------------------------------


def _turn(
    predictor: Predictor, fps: float, count: int, *, on: bool
) -> tuple[Figures, _Noting | None, dict[str, dict[int, float]]]:
    """Figures, and when each receiver got each frame."""
    figures = Figures()
    spec = SourceSpec.parse("sample", loop=True)
    if not on:
        measure_live(predictor, spec, 1, fps, count, figures)
        return figures, None, {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outlets = LslOutlet("benchmark"), OscOutlet("127.0.0.1", port), WebSocketOutlet(0)
    sender = _Noting(outlets)
    addresses = {"LSL": "", "OSC": str(port), "WebSocket": outlets[2].address}
    processes = {
        way: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.streams", "--receive", way, address],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for way, address in addresses.items()
    }  # fmt: skip
    try:
        for way, process in processes.items():
            assert process.stdout is not None
            if process.stdout.readline() != "listening\n":
                raise FerdeskError(f"The receiver of {way} did not begin.")
        measure_live(predictor, spec, 1, fps, count, figures, sender)
        time.sleep(0.5)
        texts = {way: process.communicate(timeout=20)[0] for way, process in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
        sender.close()
    return figures, sender, {way: dict(json.loads(text)) for way, text in texts.items()}


def measure(readings: int) -> None:
    """Both measurements, printed."""
    predictor = load_predictor(asset(DEFAULT_CHECKPOINT), "auto")
    say = sys.stdout.write
    figures, sender, arrived = _turn(predictor, 30.0, readings, on=True)
    assert sender is not None
    say(f"{predictor.card.name} on {predictor.device}, camera of 30 fps, ")
    say(f"{figures.readings_per_second:.1f} readings/s\n")
    say("way         p50 ms   p95 ms   missing of all\n")
    _row("analysed", sender.analysed, 0, len(sender.captured))
    for way, times in arrived.items():
        late = [at - sender.captured[frame] for frame, at in times.items()]
        _row(way, late, len(sender.captured) - len(late), len(sender.captured))
    rates: dict[str, list[float]] = {"off": [], "on": []}
    cpu: dict[str, list[float]] = {"off": [], "on": []}
    for name in _ORDER:
        figures, _, _ = _turn(predictor, _FASTER, readings, on=name == "on")
        rates[name].append(figures.readings_per_second)
        cpu[name].append(figures.cpu_ms)
    for what, found in (("readings/s", rates), ("CPU ms per reading", cpu)):
        for name, values in found.items():
            say(f"{name:3} {what}: {', '.join(f'{value:.1f}' for value in values)}\n")
        say(f"    all three on / off: {np.mean(found['on']) / np.mean(found['off']):.1%}\n")


def _row(name: str, seconds: list[float], missing: int, whole: int) -> None:
    p50, p95 = np.percentile(np.array(seconds) * 1e3, [50, 95]) if seconds else (np.nan, np.nan)
    sys.stdout.write(f"{name:10} {p50:7.1f} {p95:8.1f} {missing:9} {whole:6}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readings", type=int, default=300, help="per turn (default 300)")
    parser.add_argument("--receive", nargs=2, metavar=("WAY", "ADDRESS"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.receive:
        receive(*args.receive)
        return 0
    with tempfile.TemporaryDirectory(prefix="ferdesk-bench-") as place:
        if "LSLAPICFG" not in os.environ:
            config = Path(place) / "lsl.cfg"
            config.write_text(_LSL, encoding="utf-8")
            os.environ["LSLAPICFG"] = str(config)
        measure(args.readings)
    return 0


if __name__ == "__main__":
    from ferdesk.bootstrap import prepare_environment

    prepare_environment()
    sys.exit(main())
