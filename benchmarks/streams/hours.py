"""Streaming for hours: memory, lost readings, and the LSL time stamps against the capture clock."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.streams.receivers import Arrival, Receivers
from ferdesk.memory import resident_mb
from ferdesk.pipeline.types import Reading
from ferdesk.streams.sender import Sender

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor

RATE: Final = 30.0
"""Readings per second."""
CLIP: Final = 300
"""Readings of the sample that are sent again and again."""
ROWS: Final = 10
MOST_GROWTH_MB: Final = 5.0
MOST_DRIFT_MS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """A tenth of the time."""

    minutes: float
    """At its end."""
    memory_mb: float
    """Median."""
    sent: int
    """Readings since the row before."""
    lost: int
    """Of all three ways, since the row before."""


@dataclass(frozen=True, slots=True)
class Result:
    """What is left to say in the end."""

    rows: tuple[Row, ...]
    missing: dict[str, int]
    """Readings that a receiver did not get, by way."""
    latency_ms: dict[str, tuple[float, float]]
    """p50 and p95 from capture to receiver."""
    drift_ms: tuple[float, ...]
    """Per tenth: median of LSL time stamp, in the receiver's time, less capture time."""
    worst_ms: float
    """The largest such difference of a single reading."""

    @property
    def growth_mb(self) -> float:
        """From the second row to the last: the first fills LSL's buffers."""
        return self.rows[-1].memory_mb - self.rows[min(1, len(self.rows) - 1)].memory_mb

    @property
    def kept(self) -> bool:
        """Memory is flat and the time stamps hold."""
        return self.growth_mb < MOST_GROWTH_MB and self.worst_ms <= MOST_DRIFT_MS


@dataclass(slots=True)
class Captured:
    """When each reading was captured, by its frame."""

    times: NDArray[np.float64]
    count: int = 0

    def add(self, time_: float) -> None:
        """The next one."""
        self.times[self.count] = time_
        self.count += 1


def clip(predictor: Predictor) -> list[Reading]:
    """Readings of the sample, to be sent again and again."""
    from ferdesk.pipeline.analyzer import Analyzer
    from ferdesk.sources.sample import SampleSource

    source, analyzer = SampleSource(), Analyzer(predictor, 3, 0.3)
    source.open()
    found: list[Reading] = []
    try:
        while len(found) < CLIP and (frame := source.read()) is not None:
            found.append(analyzer.analyze(frame))
    finally:
        analyzer.close()
        source.close()
    return found


def stream(readings: Sequence[Reading], hours: float, rate: float = RATE) -> Result:
    """Send `readings` over and over to all three, `rate` per second, telling a row per tenth."""
    # Made and filled before: what grows while it is measured is the streams'.
    captured = Captured(np.full(round(hours * 3600 * rate * 1.2) + 100, np.nan))
    with Receivers.start() as receivers:
        sender = Sender(receivers.outlets)
        try:
            rows = _send(readings, hours * 3600, rate, sender, captured)
            arrived = receivers.arrivals()
        finally:
            sender.close()
    return _judged(rows, captured, arrived)


def _send(
    readings: Sequence[Reading], seconds: float, rate: float, sender: Sender, captured: Captured
) -> tuple[Row, ...]:
    begun = time.perf_counter()
    rows: list[Row] = []
    memory: list[float] = []
    lost = 0
    sys.stdout.write(f"{'min':>6} {'MB':>8} {'sent':>8} {'lost':>6}\n")
    while len(rows) < ROWS:
        now = time.perf_counter()
        due = begun + captured.count / rate
        if due > now:
            time.sleep(due - now)
            now = time.perf_counter()
        reading = readings[captured.count % len(readings)]
        frame = replace(reading.frame, index=captured.count, captured_at=now)
        captured.add(now)
        sender.reading(replace(reading, frame=frame))
        if captured.count % max(1, round(rate)) == 0:
            memory.append(resident_mb())
        if now - begun >= seconds * (len(rows) + 1) / ROWS:
            gone = sum(status.lost for status in sender.status())
            row = Row(
                (now - begun) / 60, statistics.median(memory or [resident_mb()]),
                captured.count - sum(row.sent for row in rows), gone - lost,
            )  # fmt: skip
            lost, memory = gone, []
            rows.append(row)
            sys.stdout.write(
                f"{row.minutes:6.1f} {row.memory_mb:8.1f} {row.sent:8,} {row.lost:6}\n"
            )
            sys.stdout.flush()
    return tuple(rows)


def _judged(rows: tuple[Row, ...], captured: Captured, arrived: dict[str, list[Arrival]]) -> Result:
    late = {
        way: np.array([(a.at - captured.times[a.frame]) * 1e3 for a in arrivals])
        for way, arrivals in arrived.items()
    }
    errors = np.array([(a.stamp - captured.times[a.frame]) * 1e3 for a in arrived["LSL"]])
    tenths = [part for part in np.array_split(errors, ROWS) if len(part)]
    return Result(
        rows,
        {
            way: captured.count - len({a.frame for a in arrivals})
            for way, arrivals in arrived.items()
        },
        {
            way: (float(np.percentile(ms, 50)), float(np.percentile(ms, 95)))
            for way, ms in late.items()
            if len(ms)
        },
        tuple(float(np.median(part)) for part in tenths),
        float(np.abs(errors).max()) if len(errors) else float("inf"),
    )


def report(result: Result) -> str:
    """What the rows do not say."""
    lines = [
        f"memory: {result.growth_mb:+.1f} MB from the second row to the last "
        f"(flat: less than {MOST_GROWTH_MB:g})"
    ]
    for way, missing in result.missing.items():
        p50, p95 = result.latency_ms.get(way, (float("nan"), float("nan")))
        lines.append(f"{way}: {missing} missing, p50 {p50:.2f} ms, p95 {p95:.2f} ms after capture")
    drift = ", ".join(f"{ms:+.4f}" for ms in result.drift_ms)
    lines.append(f"LSL time stamp less capture time, ms, median per tenth: {drift}")
    lines.append(f"largest difference of a reading: {result.worst_ms:.4f} ms")
    return "\n".join(lines) + "\n"
