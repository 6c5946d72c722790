"""The measurements of streaming: their arithmetic, and a few seconds of them."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.streams import hours
from benchmarks.streams.live import BLOCK, Alternating, cost
from benchmarks.streams.receivers import LATER, Receivers
from ferdesk.pipeline.types import Reading
from ferdesk.streams.sender import Sender
from tests.unit.streams.conftest import reading_of  # noqa: F401


def test_cost_is_what_on_takes_more_than_off_whatever_drifts() -> None:
    # Blocks get slower by 0.1 s each; on costs 3 % of the two beside it.
    blocks = []
    for group in range(20):
        a, b, c, d = (1.0 + 0.1 * (4 * group + i) for i in range(4))
        off = (a + d) / 2
        blocks += [a, off * 1.03 - (c - b) / 2, off * 1.03 + (c - b) / 2, d]
    share, low, high = cost(np.concatenate(([5.0], 5.0 + np.cumsum(blocks))))
    assert share == pytest.approx(0.03)
    assert low == pytest.approx(0.03)
    assert high == pytest.approx(0.03)


def test_half_of_the_readings_are_sent(reading_of: Callable[..., Reading]) -> None:  # noqa: F811
    class Counting(Sender):
        def __init__(self) -> None:
            super().__init__()
            self.frames: list[int] = []

        def reading(self, reading: Reading) -> None:
            self.frames.append(reading.frame.index)

    sender = Counting()
    sink = Alternating(sender)
    for index in range(4 * BLOCK):
        sink.reading(reading_of(index))
    sender.close()
    assert sender.frames == list(range(BLOCK, 3 * BLOCK))
    assert len(sink.edges) == 4


def test_receivers_that_wake_once_per_second_miss_nothing(
    reading_of: Callable[..., Reading],  # noqa: F811
) -> None:
    pytest.importorskip("pylsl")
    with Receivers.start(LATER) as receivers:
        sender = Sender(receivers.outlets)
        for i in range(30):
            sender.reading(reading_of(i, (1, 0.9)))
        arrived = receivers.arrivals()
        sender.close()
    assert set(arrived) == set(receivers.seconds) == {"LSL", "OSC", "WebSocket"}
    for arrivals in arrived.values():
        assert [a.frame for a in arrivals] == list(range(30))
    assert all(seconds > 0 for seconds in receivers.seconds.values())


def test_seconds_instead_of_hours(
    reading_of: Callable[..., Reading],  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("pylsl")
    readings = [reading_of(i, (1, 0.9)) for i in range(5)]
    begun = time.monotonic()
    result = hours.stream(readings, 2 / 3600, 50.0)
    assert time.monotonic() - begun > 2
    assert len(result.rows) == hours.ROWS
    sent = sum(row.sent for row in result.rows)
    assert 50 < sent <= 101
    assert set(result.missing) == {"LSL", "OSC", "WebSocket"}
    assert not any(result.missing.values())
    assert result.worst_ms < 5, "time stamps are the capture's"
    assert capsys.readouterr().out.count("\n") == hours.ROWS + 1
    text = hours.report(result)
    assert "LSL: 0 missing" in text
    assert "+0." in text or "-0." in text
