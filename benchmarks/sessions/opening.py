"""Ten minutes: how long it takes to open them, to go anywhere, and to drag over them."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.sessions.clip import looped
from ferdesk.pipeline.types import Reading
from ferdesk.session.folder import DATABASE, VIDEO
from ferdesk.session.records import AnalysisRecord, FrameRecord
from ferdesk.session.video import VideoWriter
from ferdesk.session.writer import SessionInfo, SessionWriter
from ferdesk.ui.review.opened import OpenedSession, open_session

_OPENINGS = 5
_SEEKS = 200
_DRAG_PIXELS = 3
_RIBBON_PIXELS = 1000
"""The mouse moves so far between two pictures, on a ribbon of that width."""


def measure(readings: list[Reading], folder: Path, seconds: float) -> None:
    """Write the session, then print a line per figure."""
    begun = time.perf_counter()
    write(readings, folder, seconds)
    took = time.perf_counter() - begun
    sys.stdout.write(f"{seconds / 60:g} min written in {took:.0f} s ({seconds / took:.1f}x)\n")
    times, works = [], []
    for _ in range(_OPENINGS):
        begun, worked = time.perf_counter(), time.process_time()
        opened = open_session(folder)
        opened.player.take_reading()
        times.append(time.perf_counter() - begun)
        works.append(time.process_time() - worked)
        opened.close()
    opened = open_session(folder)
    waits = seeks(opened)
    p50, p95 = np.percentile(waits, (50, 95)) * 1e3
    sys.stdout.write(
        f"opens with its first picture in {np.median(times):.2f} s, at most {max(times):.2f} s "
        f"(aim 1 s), {np.median(works):.2f} s of them processor time\n"
        f"seek p50 {p50:.0f} ms, p95 {p95:.0f} ms (aim 150 ms)\n"
        f"drag over the ribbon: {dragged(opened):.1f} pictures/s (aim 15)\n"
        f"database {_megabytes(folder / DATABASE):.1f} MB (aim 60 MB), "
        f"video {_megabytes(folder / VIDEO):.1f} MB\n"
    )
    opened.close()


def write(readings: list[Reading], folder: Path, seconds: float) -> None:
    """Every frame with its face, landmarks and picture, on one thread."""
    folder.mkdir()
    writer = SessionWriter(folder, SessionInfo("sample", "benchmark", video=VIDEO))
    height, width = readings[0].frame.image.shape[:2]
    video = VideoWriter(folder / VIDEO, width, height)
    settings = readings[0].settings
    assert settings is not None
    writer.use(AnalysisRecord(0, settings.checkpoint, settings.device, 0.3, 1, 0.5))
    for reading in looped(readings, seconds):
        frame = reading.frame
        at = round(frame.captured_at * 1000)
        video.add(frame.image, at)
        writer.add_frame(
            FrameRecord(frame.index, frame.captured_at, frame.index, frame.media_time, width,
                        height, video_ms=at)
        )  # fmt: skip
        writer.add_reading(frame.index, reading.faces, 30.0)
        writer.commit_if_due()
    video.close()
    writer.finish()


def seeks(opened: OpenedSession) -> list[float]:
    """Seconds from a seek to a random moment to the picture there."""
    rng, waits = random.Random(0), []
    for _ in range(_SEEKS):
        at = rng.uniform(0, opened.player.duration)
        begun = time.perf_counter()
        opened.player.seek(at)
        opened.player.take_reading()
        waits.append(time.perf_counter() - begun)
    return waits


def dragged(opened: OpenedSession) -> float:
    """Pictures per second while the mouse goes to the end and back."""
    step = opened.player.duration * _DRAG_PIXELS / _RIBBON_PIXELS
    forth = np.arange(0, opened.player.duration, step)
    places = [*forth, *forth[::-1]]
    begun = time.perf_counter()
    shown = 0
    for at in places:
        opened.player.seek(float(at))
        shown += opened.player.take_reading() is not None
    return shown / (time.perf_counter() - begun)


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6
