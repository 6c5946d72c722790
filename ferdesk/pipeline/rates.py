"""Frames per second and latency over the last two seconds."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque

from ferdesk.pipeline.types import Reading

WINDOW = 2.0
"""Seconds."""


class Rates:
    """Written by the analysis thread, read by the window."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._finished: deque[tuple[float, float]] = deque()
        self._captured: deque[tuple[float, int]] = deque()
        self.analysed = 0

    def reset(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._finished.clear()
            self._captured.clear()
            self.analysed = 0

    def add(self, reading: Reading) -> None:
        """Count a finished reading."""
        latency = (reading.finished_at - reading.frame.captured_at) * 1e3
        with self._lock:
            self.analysed += 1
            self._finished.append((reading.finished_at, latency))
            self._forget(self._finished, reading.finished_at)

    @staticmethod
    def _forget(entries: deque[tuple[float, float]], now: float) -> None:
        while entries and now - entries[0][0] > WINDOW:
            entries.popleft()

    def readings_per_second(self) -> float:
        """Readings finished in the window, a second; 0 while there are fewer than two."""
        with self._lock:
            self._forget(self._finished, time.perf_counter())
            if len(self._finished) < 2:
                return 0.0
            span = self._finished[-1][0] - self._finished[0][0]
            return (len(self._finished) - 1) / span if span > 0 else 0.0

    def latency_ms(self) -> float:
        """Median from capture to the end of the analysis; 0 without readings."""
        with self._lock:
            self._forget(self._finished, time.perf_counter())
            return statistics.median(x[1] for x in self._finished) if self._finished else 0.0

    def captures_per_second(self, captured: int) -> float:
        """From the source's running count, as seen by successive calls."""
        now = time.perf_counter()
        with self._lock:
            if self._captured and captured < self._captured[-1][1]:
                self._captured.clear()
            self._captured.append((now, captured))
            while len(self._captured) > 2 and now - self._captured[0][0] > WINDOW:
                self._captured.popleft()
            first_time, first = self._captured[0]
            return (captured - first) / (now - first_time) if now > first_time else 0.0
