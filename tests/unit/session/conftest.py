"""Readings of the clip that ships, made once by the real landmarker and the real checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferdesk.model.predictor import Predictor
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.types import Reading
from ferdesk.resources import asset
from ferdesk.session.records import AnalysisRecord, FrameRecord
from ferdesk.session.session import Session
from ferdesk.session.writer import SessionInfo, SessionWriter
from ferdesk.sources.sample import SampleSource

ANALYSIS = AnalysisRecord(0, "live", "CPU", 0.3, 3)
FPS = 25


@pytest.fixture(scope="session")
def readings() -> list[Reading]:
    """40 frames of the sample, from worry into joy, smoothed as in the window."""
    analyzer = Analyzer(Predictor.from_checkpoint(asset("live.safetensors"), "cpu"), 3, 0.3)
    source = SampleSource()
    source.open()
    found = []
    while len(found) < 40:
        frame = source.read()
        assert frame is not None
        if frame.index >= 205:
            found.append(analyzer.analyze(frame))
    analyzer.close()
    source.close()
    return found


def write_session(
    folder: Path, readings: list[Reading], *, video: str = "", finish: bool = True
) -> SessionWriter:
    """The readings as a session; every fifth frame was captured and not analysed."""
    folder.mkdir(parents=True)
    writer = SessionWriter(folder, SessionInfo("sample", "Built-in sample", video=video))
    writer.use(ANALYSIS)
    for i, reading in enumerate(readings):
        frame = reading.frame
        height, width = frame.image.shape[:2]
        writer.add_frame(
            FrameRecord(i, i / FPS, frame.index, frame.media_time, width, height, video_ms=None)
        )
        if i % 5 != 4:
            writer.add_reading(i, reading.faces, 12.5)
    if finish:
        writer.finish()
    return writer


@pytest.fixture
def folder(tmp_path: Path, readings: list[Reading]) -> Path:
    """A complete session of 120 frames, 96 of them analysed, without a video."""
    write_session(tmp_path / "session", readings * 3)
    return tmp_path / "session"


@pytest.fixture
def session(folder: Path) -> Session:
    """The same, opened."""
    return Session.open(folder)
