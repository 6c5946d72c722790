"""kill -9 in the middle of a recording costs a second at most, and nothing older."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferdesk.session.records import SessionState
from ferdesk.session.session import Session
from ferdesk.session.video import VideoReader
from tests.unit.session import record_until_killed

_LOST = 1.0
_VIDEO_LOST = 2.0
_SLACK = 0.6
"""Seconds a commit may take on a machine that is busy with other tests."""


def kill_at(folder: Path, seconds: float) -> float:
    """Record into `folder`, kill after so long; the seconds that were given to the recorder."""
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, record_until_killed.__file__, str(folder)],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert process.stdout is not None
    given = 0.0
    deadline = time.monotonic() + 60
    for line in process.stdout:
        given = float(line)
        if given >= seconds or time.monotonic() > deadline:
            break
    process.kill()
    process.wait()
    rest = process.stdout.read().split()
    return float(rest[-1]) if rest else given


@pytest.mark.parametrize("moment", [0.4, 1.3, 2.6])
def test_kill(moment: float, tmp_path: Path, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}
    given = kill_at(tmp_path / "killed", moment + random.random() * 0.3)
    check(tmp_path / "killed", given)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def check(folder: Path, given: float) -> tuple[float, float]:
    """Seconds of numbers and of video that are lost; asserts that they are few."""
    with Session.open(folder) as session:
        assert session.state is SessionState.RECOVERED
        assert any("cut off" in note for note in session.notes)
        assert all(faces for _, faces in session.read())
        lost = given - session.duration
        assert lost <= _LOST + _SLACK
        shown = -1.0
        if session.video is not None and given > _VIDEO_LOST:
            reader = VideoReader(session.video)
            times = reader.times_ms()
            known = {frame.video_ms for frame in session.frames}
            assert known >= set(times[: len(known)]) or times[-1] / 1000 > session.duration
            assert reader.at(times[-1] // 2) is not None
            shown = given - times[-1] / 1000
            assert shown <= _VIDEO_LOST + _SLACK
            reader.close()
    with Session.open(folder) as session:
        assert session.notes == () or "video" in session.notes[0]
    return lost, shown
