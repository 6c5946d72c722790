"""What was on the screen is what the session holds, the player gives, and the table says."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np
import pytest

from ferdesk.pipeline.engine import Engine, EngineOptions
from ferdesk.pipeline.types import Reading
from ferdesk.session.folder import READINGS
from ferdesk.session.player import Player
from ferdesk.session.recorder import Recorder
from ferdesk.session.session import Session
from ferdesk.session.writer import SessionInfo
from ferdesk.sources.spec import SourceKind, SourceSpec
from tests.unit.pipeline.fakes import tiny_predictor


def test_window_session_player_and_table(tmp_path: Path) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("sample"), video=True)
    engine = Engine(EngineOptions(0.3, 2, "cpu"), lambda _: None, predictor_factory=tiny_predictor)
    engine.attach(recorder)
    shown: list[Reading] = []
    try:
        engine.start(SourceSpec(SourceKind.SAMPLE), Path("tiny.safetensors"))
        deadline = time.monotonic() + 60
        while len(shown) < 12:
            assert time.monotonic() < deadline
            reading = engine.take_reading()
            if reading is not None:
                shown.append(reading)
            time.sleep(0.002)
    finally:
        engine.close()
    recorder.stop()
    assert recorder.join(30)

    with (folder / READINGS).open(newline="", encoding="utf-8") as file:
        table = {int(row["source_frame"]): row for row in csv.DictReader(file)}
    with Session.open(folder) as session:
        player = Player(session)
        played = {r.frame.index: r for r in map(player.reading, range(player.count))}
        assert any(reading.faces for reading in shown)
        for reading in shown:
            kept = played[reading.frame.index]
            assert len(kept.faces) == len(reading.faces)
            for face, wanted in zip(kept.faces, reading.faces, strict=True):
                assert face.face_id == wanted.face_id
                assert face.label == wanted.label
                assert np.array_equal(face.probabilities, wanted.probabilities)
                assert np.array_equal(face.purified.t, wanted.purified.t)
                assert (face.pose, face.quality) == (wanted.pose, wanted.quality)
            if len(reading.faces) == 1:
                row, (face,) = table[reading.frame.index], reading.faces
                assert row["label"] == face.label
                assert float(row["yaw"]) == pytest.approx(face.pose.yaw, abs=0.005)
                assert float(row["probability_fear"]) == pytest.approx(
                    float(face.probabilities[6]), abs=1e-6
                )
            difference = kept.frame.image.astype(float) - reading.frame.image
            assert np.abs(difference).mean() < 6, "the picture it was read from, compressed"
        latency = shown[-1].finished_at - shown[-1].frame.captured_at
        last = played[shown[-1].frame.index]
        assert last.finished_at - last.frame.captured_at == pytest.approx(latency, abs=1e-6)
        player.close()
