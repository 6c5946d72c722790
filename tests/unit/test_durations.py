"""Seconds for people."""

from __future__ import annotations

from ferdesk.durations import clock, length


def test_a_moment_reads_like_a_clock() -> None:
    assert [clock(s) for s in (0, 61.9, 3723)] == ["0:00", "1:01", "1:02:03"]
    assert clock(40.1, tenths=True) == "0:40.1"


def test_a_length_has_units() -> None:
    assert [length(12.34), length(185.0)] == ["12.3 s", "3 min 05 s"]
