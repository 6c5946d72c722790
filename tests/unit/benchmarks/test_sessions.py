"""The benchmark of sessions runs and measures what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sessions import hour, opening
from benchmarks.sessions.clip import looped
from ferdesk.pipeline.types import Reading, Timings
from ferdesk.session.session import Session
from ferdesk.sources.base import Frame
from tests.unit.session.record_until_killed import SETTINGS, made_up


@pytest.fixture
def readings() -> list[Reading]:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(5)]
    return [
        Reading(Frame(image, i, i / 30, 0.0), (made_up(rng),), Timings(0, 0, 0, 0, 0), 0, SETTINGS)
        for i, image in enumerate(pictures)
    ]


def test_the_loop_has_a_clock_of_its_own(readings: list[Reading]) -> None:
    found = list(looped(readings, 1.0, 100.0))
    assert len(found) == 30
    assert [found[0].frame.captured_at, found[-1].frame.captured_at] == pytest.approx(
        [100.0, 100 + 29 / 30]
    )
    assert found[7].frame.image is readings[2].frame.image


def test_a_session_is_written_opened_and_dragged_over(
    readings: list[Reading], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opening.measure(readings, tmp_path / "s", 5.0)
    with Session.open(tmp_path / "s") as session:
        assert len(session.frames) == 150
        assert all(len(faces) == 1 for _, faces in session.read())
        assert session.video is not None
    told = capsys.readouterr().out
    for words in (r"opens .* in [\d.]+ s", r"seek p50 \d+ ms, p95 \d+ ms", r"database [\d.]+ MB"):
        assert re.search(words, told)
    assert float(re.findall(r"ribbon: ([\d.]+) pictures", told)[0]) > 0


def test_a_recording_faster_than_real_time(
    readings: list[Reading], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hour.measure(readings, tmp_path / "s", 12.0, 20.0)
    with Session.open(tmp_path / "s") as session:
        assert session.duration == pytest.approx(12.0, abs=0.2)
    assert "growth" in capsys.readouterr().out
