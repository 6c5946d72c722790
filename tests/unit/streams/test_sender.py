"""The sender never waits, and what is lost is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from ferdesk.pipeline.types import EngineEvent, EngineState, EventKind, Reading
from ferdesk.streams.clock import ClockMap
from ferdesk.streams.sender import Sender


class FakeOutlet:
    """Notes what it is given; can be held up, and can fail."""

    name, address, receivers, lost = "Fake", "nowhere", "nobody listens", 0

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.frames: list[int] = []
        self.thresholds: set[float] = set()
        self.marks: list[tuple[str, float]] = []
        self.closed = 0
        self.error = error

    def send(self, reading: Reading, threshold: float) -> None:
        self.go_on.wait(10)
        if self.error is not None:
            raise self.error
        self.frames.append(reading.frame.index)
        self.thresholds.add(threshold)

    def mark(self, label: str, at: float) -> None:
        self.marks.append((label, at))

    def close(self) -> None:
        self.closed += 1


def test_everything_arrives_in_order(reading_of: Callable[..., Reading]) -> None:
    first, second = FakeOutlet(), FakeOutlet()
    sender = Sender([first, second])
    sender.set_threshold(0.8)
    for i in range(40):
        sender.reading(reading_of(i))
    sender.mark("go", 12.5)
    sender.event(EngineEvent(EventKind.SOURCE_ENDED, "secret.mp4 has ended", EngineState.STOPPED))
    sender.event(EngineEvent(EventKind.STATE, "Running.", EngineState.RUNNING))
    assert sender.close()
    for outlet in (first, second):
        assert outlet.frames == list(range(40))
        assert outlet.thresholds == {0.8}
        assert [label for label, _ in outlet.marks] == ["go", "source-ended"]
        assert outlet.marks[0][1] == 12.5
        assert outlet.closed == 1
    assert [one.sent for one in sender.status()] == [40, 40]
    assert [one.lost for one in sender.status()] == [0, 0]


def test_one_that_hangs_costs_counted_readings_and_no_time(
    reading_of: Callable[..., Reading],
) -> None:
    outlet = FakeOutlet()
    outlet.go_on.clear()
    sender = Sender([outlet], waiting=8)
    reading = reading_of(0)
    start = time.perf_counter()
    for _ in range(1000):
        sender.reading(reading)
    assert time.perf_counter() - start < 8, "the analysis thread must not wait"
    assert 1000 - 8 - 1 <= sender.dropped <= 1000 - 8
    outlet.go_on.set()
    assert sender.close(5)
    assert len(outlet.frames) + sender.dropped == 1000
    assert sender.status()[0].lost == sender.dropped


@pytest.mark.parametrize("error", [OSError("the network is down"), ZeroDivisionError()])
def test_one_that_fails_does_not_stop_the_other(
    error: Exception, reading_of: Callable[..., Reading], caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = FakeOutlet(error), FakeOutlet()
    sender = Sender([bad, good])
    for i in range(20):
        sender.reading(reading_of(i))
    assert sender.close()
    assert good.frames == list(range(20))
    assert [one.lost for one in sender.status()] == [20, 0]
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == 1, "told once"


def test_the_clock_map_follows_a_clock_that_jumps() -> None:
    now = [100.0]
    theirs = [5000.0]
    clock = ClockMap(lambda: theirs[0], lambda: now[0])
    assert clock.theirs(101.0) == pytest.approx(5001.0)
    assert clock.ours(5001.0) == pytest.approx(101.0)
    now[0] += 60
    theirs[0] += 61  # the computer slept a second that one of the clocks did not count
    assert clock.theirs(160.0) == pytest.approx(5061.0)


def test_the_clock_map_takes_the_least_disturbed_attempt() -> None:
    """A thread that is put aside between two readings must not shift the stamps."""
    ticks = iter([0.0, *(t for i in range(20) for t in (i, i + (0.5 if i != 3 else 1e-6)))])
    clock = ClockMap(lambda: 1003.0 + 5e-7, lambda: next(ticks))
    assert clock.offset() == pytest.approx(1000.0, abs=1e-6)
