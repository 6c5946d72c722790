"""Latency and cost, behind the real engine."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.streams.receivers import AT_ONCE, LATER, Receivers
from ferdesk.commands.bench import Figures, measure_live
from ferdesk.pipeline.types import EngineEvent, Reading
from ferdesk.sources.base import Frame
from ferdesk.sources.spec import SourceSpec
from ferdesk.streams.sender import Sender

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor

_CAMERA: Final = 30.0
_FASTER: Final = 120.0
"""Frames per second that the analysis of one face does not reach on the CPUs measured so far."""
BLOCK: Final = 50
"""Readings on or off at a time: a second or two, in which a busy machine changes little."""
_PATTERN: Final = (False, True, True, False)
"""Whether a block is on: what drifts evenly takes from both alike."""
_DRAWS: Final = 2000


class Noting(Sender):
    """Notes when each frame was captured and when its reading was there."""

    def __init__(self, receivers: Receivers) -> None:
        super().__init__(receivers.outlets)
        self.captured: dict[int, float] = {}
        self.analysed: list[float] = []

    def reading(self, reading: Reading) -> None:
        """Note it, then send it."""
        self.captured[reading.frame.index] = reading.frame.captured_at
        self.analysed.append(time.perf_counter() - reading.frame.captured_at)
        super().reading(reading)


@dataclass
class Alternating:
    """A sink that gives `sender` every other block of readings, and times each block."""

    sender: Sender
    count: int = 0
    edges: list[tuple[float, float]] = field(default_factory=list)
    """(clock, processor time of the process) when each block began, in seconds."""

    def frame(self, frame: Frame) -> None:
        """Not sent."""

    def reading(self, reading: Reading) -> None:
        """Send it, or not."""
        if self.count % BLOCK == 0:
            self.edges.append((time.perf_counter(), time.process_time()))
        if _PATTERN[self.count // BLOCK % len(_PATTERN)]:
            self.sender.reading(reading)
        self.count += 1

    def event(self, event: EngineEvent) -> None:
        """Not sent."""


def cost(edges: NDArray[np.float64]) -> tuple[float, float, float]:
    """(share, low, high) by which a figure grows when streaming: 0.03 is 3 % more.

    `edges` (4 n + 1,): the figure's sum when each block began, seconds or seconds of processor.
    Per group of off, on, on, off: time on over time off, less one; the mean over the groups with
    its 95 % interval by bootstrap.
    """
    blocks = np.diff(edges)
    blocks = blocks[: len(blocks) // 4 * 4].reshape(-1, 4)
    on = blocks[:, [1, 2]].sum(1)
    shares = on / blocks[:, [0, 3]].sum(1) - 1
    rng = np.random.default_rng(0)
    means = rng.choice(shares, (_DRAWS, len(shares))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(shares.mean()), float(low), float(high)


def measure(predictor: Predictor, readings: int) -> None:
    """All printed: latency over `readings`; cost over eight times as many behind a camera, and
    twice where the analysis gets no pause."""
    with Receivers.start() as receivers:
        _latency(predictor, readings, receivers)
    for fps, kind in ((_CAMERA, LATER), (_FASTER, LATER), (_FASTER, AT_ONCE)):
        with Receivers.start(kind) as receivers:
            _cost(predictor, 8 * readings, receivers, kind, fps)


def _latency(predictor: Predictor, readings: int, receivers: Receivers) -> None:
    figures, sender = Figures(), Noting(receivers)
    try:
        spec = SourceSpec.parse("sample", loop=True)
        measure_live(predictor, spec, 1, _CAMERA, readings, figures, sender)
        arrived = receivers.arrivals()
    finally:
        sender.close()
    say = sys.stdout.write
    say(f"{predictor.card.name} on {predictor.device}, camera of {_CAMERA:g} fps, ")
    say(f"{figures.readings_per_second:.1f} readings/s\n")
    say("way         p50 ms   p95 ms   missing of all\n")
    whole = len(sender.captured)
    _row("analysed", sender.analysed, 0, whole)
    for way, arrivals in arrived.items():
        late = {a.frame: a.at - sender.captured[a.frame] for a in arrivals}
        _row(way, list(late.values()), whole - len(late), whole)


def _cost(predictor: Predictor, readings: int, receivers: Receivers, kind: str, fps: float) -> None:
    sender = Sender(receivers.outlets)
    sink = Alternating(sender)
    # One block more than is counted: the last has no end.
    whole = max(1, round(readings / (4 * BLOCK))) * 4 * BLOCK
    try:
        spec = SourceSpec.parse("sample", loop=True)
        measure_live(predictor, spec, 1, fps, whole + BLOCK, Figures(), sink)
        arrived = receivers.arrivals()
    finally:
        sender.close()
    edges = np.array(sink.edges)
    rate = BLOCK / np.median(np.diff(edges[:, 0]))
    sys.stdout.write(
        f"cost, camera of {fps:g} fps, blocks of {BLOCK} readings with all three on and off in "
        f"turn, {whole} readings, {rate:.1f} readings/s, receivers that unpack {kind}:\n"
    )
    for name, column in (("time per reading", 0), ("processor time per reading", 1)):
        share, low, high = cost(edges[:, column])
        sys.stdout.write(f"  {name}: {share:+.1%} (95 % interval {low:+.1%} to {high:+.1%})\n")
    sys.stdout.write("  processor time of the receivers per reading:")
    for way, arrivals in arrived.items():
        used = receivers.seconds[way] / max(1, len(arrivals))
        sys.stdout.write(f" {way} {used * 1e3:.2f} ms ({len(arrivals)} of {whole // 2})")
    sys.stdout.write("\n")
    sys.stdout.flush()


def _row(name: str, seconds: list[float], missing: int, whole: int) -> None:
    p50, p95 = np.percentile(np.array(seconds) * 1e3, [50, 95]) if seconds else (np.nan, np.nan)
    sys.stdout.write(f"{name:10} {p50:7.1f} {p95:8.1f} {missing:9} {whole:6}\n")
    sys.stdout.flush()
