"""What the analysis thread does before it can analyse."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from ferdesk.pipeline import analysis_thread
from ferdesk.pipeline.analysis_thread import AnalysisThread
from ferdesk.pipeline.capture_thread import Captured
from ferdesk.pipeline.mailbox import Mailbox
from ferdesk.pipeline.types import Reading
from ferdesk.sources.base import Frame
from ferdesk.vision.finder import FaceFinder
from tests.unit.pipeline.fakes import tiny_predictor


def captured(index: int, *, still: bool) -> Captured:
    picture = np.zeros((120, 160, 3), np.uint8)
    return Captured(Frame(picture, index, index / 30, 0.0, still=still), 0.0)


@pytest.mark.parametrize("still", [False, True])
def test_faces_can_be_found_before_the_network_is_there(
    monkeypatch: pytest.MonkeyPatch, still: bool
) -> None:
    """And the finder of then is the one that goes on, so that nothing is loaded twice."""
    prepared = threading.Event()
    made: list[FaceFinder] = []

    class Noted(FaceFinder):
        def prepare(self, *, still: bool) -> None:
            super().prepare(still=still)
            if self not in made:
                made.append(self)
            prepared.set()

    monkeypatch.setattr("ferdesk.vision.finder.FaceFinder", Noted)
    monkeypatch.setattr(analysis_thread.Pace, "fresh", lambda *_: True)
    frames: Mailbox[Captured] = Mailbox()
    done = threading.Event()
    readings: list[Reading] = []
    failures: list[str] = []

    def take(reading: Reading, _scene: int) -> None:
        readings.append(reading)
        done.set()

    thread = AnalysisThread(frames, take, lambda text, *_: failures.append(text))
    try:
        frames.put(captured(0, still=still))
        assert prepared.wait(60)
        assert not readings
        thread.predictor = tiny_predictor(Path("x"))
        frames.put(captured(1, still=still))
        assert done.wait(60)
    finally:
        thread.close()
        assert thread.join(60)
    assert failures == []
    assert len(made) == 1
    assert (made[0]._video is None, made[0]._pictures is None) == (still, not still)
