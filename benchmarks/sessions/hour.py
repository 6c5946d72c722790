"""An hour through the recorder, ten times faster than real time: does memory grow?"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from benchmarks.sessions.clip import FPS, looped
from ferdesk.errors import FerdeskError
from ferdesk.memory import resident_mb
from ferdesk.pipeline.types import Reading
from ferdesk.session.recorder import Recorder
from ferdesk.session.writer import SessionInfo

MOST_GROWTH_MB = 5.0
_ROWS = 10
_LOOK_SECONDS = 0.5
_CLOSE_SECONDS = 600.0


def measure(readings: list[Reading], folder: Path, seconds: float, rate: float) -> bool:
    """Print a row per tenth of the time; whether memory stayed as it was.

    Compared are the second tenth, when queues and caches are filled, and the last.
    """
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("sample", "benchmark"), video=True)
    begun = looked = time.perf_counter()
    medians: list[float] = []
    looks: list[float] = []
    sys.stdout.write(
        f"{'min':>6} {'MB':>8} {'readings':>9} {'rows lost':>10} {'pictures lost':>14} "
        f"{'MB on disk':>11}\n"
    )
    for reading in looped(readings, seconds, begun):
        due = begun + (reading.frame.captured_at - begun) / rate
        while (now := time.perf_counter()) < due:
            time.sleep(min(0.002, due - now))
        recorder.frame(reading.frame)
        recorder.reading(reading)
        if now - looked > _LOOK_SECONDS:
            looked = now
            looks.append(resident_mb())
        passed = reading.frame.captured_at - begun + 1 / FPS
        if passed >= seconds * (len(medians) + 1) / _ROWS - 1e-6:
            medians.append(statistics.median(looks or [resident_mb()]))
            looks = []
            _row(recorder, passed, medians[-1])
    took = time.perf_counter() - begun
    recorder.stop()
    if not recorder.join(_CLOSE_SECONDS):
        raise FerdeskError("The recording could not be closed within ten minutes.")
    grown = medians[-1] - medians[1]
    sys.stdout.write(
        f"{seconds / 60:g} min in {took:.0f} s ({seconds / took:.1f}x); growth {grown:+.1f} MB "
        f"(aim: less than {MOST_GROWTH_MB:g} MB)\n"
    )
    return grown < MOST_GROWTH_MB


def _row(recorder: Recorder, passed: float, memory: float) -> None:
    status = recorder.status()
    lost = status.frames_dropped + status.readings_dropped
    sys.stdout.write(
        f"{passed / 60:6.1f} {memory:8.1f} {status.readings:9,} {lost:10,} "
        f"{status.video_dropped:14,} {status.bytes_written / 1e6:11.1f}\n"
    )
    sys.stdout.flush()
