"""kill -9 at random moments of a recording with video: what is lost, and what stays untouched."""

from __future__ import annotations

import hashlib
import pickle
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.sessions import opening
from benchmarks.sessions.clip import FPS, looped
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Reading
from ferdesk.session.folder import VIDEO
from ferdesk.session.recorder import Recorder
from ferdesk.session.records import SessionState
from ferdesk.session.session import Session
from ferdesk.session.video import VideoReader
from ferdesk.session.writer import SessionInfo

MOST_LOST = 1.0
_FIRST, _LAST = 0.2, 8.0
"""Seconds after the first frame between which the process is killed."""
_FOR_EVER = 3600.0


def measure(readings: list[Reading], place: Path, kills: int, seed: int = 0) -> bool:
    """Print what each kill cost; whether all sessions were there up to the last second."""
    stored = place / "readings.pickle"
    stored.write_bytes(pickle.dumps(readings))
    opening.write(readings, place / "earlier", 5.0)
    before = _checksum(place / "earlier")
    rng, lost, pictures, good = random.Random(seed), [], [], True
    for i in range(kills):
        moment = rng.uniform(_FIRST, _LAST)
        given = _record_and_kill(stored, place / f"killed-{i}", moment)
        numbers, video, fault = _examine(place / f"killed-{i}", given)
        good = good and not fault and numbers <= MOST_LOST
        lost.append(numbers)
        pictures += [video] if video is not None else []
        shown = "none yet" if video is None else f"{video:.2f} s"
        sys.stdout.write(
            f"killed at {given:.2f} s: lost {numbers:.2f} s of readings, pictures {shown} {fault}\n"
        )
        sys.stdout.flush()
    untouched = _checksum(place / "earlier") == before
    sys.stdout.write(
        f"{kills} kills: readings lost {np.median(lost):.2f} s, at most {max(lost):.2f} s "
        f"(aim 1 s); pictures {np.median(pictures):.2f} s, at most {max(pictures):.2f} s; the "
        f"session before is {'untouched' if untouched else 'CHANGED'}\n"
    )
    return good and untouched


def record_for_ever(stored: Path, folder: Path) -> None:
    """In the process that is killed: prints the seconds that were given to the recorder so far."""
    readings: list[Reading] = pickle.loads(stored.read_bytes())
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("sample", "benchmark"), video=True)
    begun = time.perf_counter()
    for reading in looped(readings, _FOR_EVER, begun):
        at = reading.frame.captured_at
        while (now := time.perf_counter()) < at:
            time.sleep(min(0.002, at - now))
        recorder.frame(reading.frame)
        recorder.reading(reading)
        sys.stdout.write(f"{at - begun:.4f}\n")
        sys.stdout.flush()


def _record_and_kill(stored: Path, folder: Path, moment: float) -> float:
    command = [sys.executable, "-m", "benchmarks.sessions", "--record", str(stored), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    given = 0.0
    for line in process.stdout:
        given = float(line)
        if given >= moment:
            break
    process.kill()
    rest = process.stdout.read().split()
    process.wait()
    # The last line may be cut short.
    return max([given, *map(float, rest[:-1])])


def _examine(folder: Path, given: float) -> tuple[float, float | None, str]:
    """Seconds of readings lost, seconds of pictures lost, and what is wrong; None: no picture."""
    with Session.open(folder) as session:
        if session.state is not SessionState.RECOVERED:
            return given, None, f"the state is {session.state}"
        last = max((frame.time for frame, faces in session.read() if faces), default=0.0)
        lost = given - last
        if session.video is None or not (folder / VIDEO).stat().st_size:
            return lost, None, ""
        try:
            video = VideoReader(session.video)
        except FerdeskError as error:
            # A file with its header alone: nothing was encoded when the process ended.
            return lost, None, "" if given < MOST_LOST else str(error)
        times = video.times_ms()
        shown = [time_ms for time_ms in times[:: max(1, FPS // 2)] if video.at(time_ms) is not None]
        video.close()
        wrong = "" if len(shown) == len(times[:: max(1, FPS // 2)]) else "some pictures are missing"
        return lost, given - times[-1] / 1000, wrong


def _checksum(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
