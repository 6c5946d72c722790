"""One frame in, one reading out: several faces, their ids, their order, and the same numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.commands.analyze import one
from ferdesk.commands.pretended_camera import tile
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.resources import asset
from ferdesk.sources.base import Frame
from ferdesk.sources.sample import SampleSource
from tests.unit.pipeline.fakes import tiny_predictor


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    picture = cv2.imread(str(asset("portrait.png")))
    assert picture is not None
    return picture[20:280, 90:350]


@pytest.fixture
def analyzer() -> Iterator[Analyzer]:
    made = Analyzer(tiny_predictor(Path("x")), 4, 0.0)
    yield made
    made.close()


def frame(image: np.ndarray, index: int) -> Frame:
    return Frame(image, index, index / 25, 0.0)


def test_several_faces_get_lasting_ids_and_the_largest_comes_first(
    analyzer: Analyzer, portrait: np.ndarray
) -> None:
    both = np.full((480, 800, 3), 128, np.uint8)
    both[:, :480] = cv2.resize(portrait, (480, 480))
    both[100:400, 490:790] = cv2.resize(portrait, (300, 300))
    readings = [analyzer.analyze(frame(both, i)) for i in range(4)]
    for reading in readings:
        assert [face.face_id for face in reading.faces] == [
            face.face_id for face in readings[0].faces
        ]
    widths = [face.landmarks.box[2] for face in readings[-1].faces]
    assert len(widths) == 2
    assert widths[0] > widths[1]
    left, right = readings[-1].faces
    assert left.landmarks.box[0] < right.landmarks.box[0]


def test_tiles_hold_as_many_faces_as_asked(analyzer: Analyzer) -> None:
    source = SampleSource()
    source.open()
    picture = source.read()
    source.close()
    assert picture is not None
    for faces in (1, 2, 3, 4):
        tiled = tile(picture.image, faces)
        assert tiled.shape == (480, 640, 3)
        analyzer.reset()
        assert len(analyzer.analyze(frame(tiled, faces)).faces) == faces


def test_a_face_keeps_its_id_over_a_short_gap(analyzer: Analyzer, portrait: np.ndarray) -> None:
    empty = np.zeros_like(portrait)
    first = analyzer.analyze(frame(portrait, 0)).faces[0].face_id
    for i in range(1, 8):
        assert analyzer.analyze(frame(empty, i)).faces == ()
    assert analyzer.analyze(frame(portrait, 8)).faces[0].face_id == first


def test_analyze_writes_the_analyzers_own_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one, "load_predictor", lambda _path, _device: tiny_predictor(Path("x")))
    one.analyze("sample", tmp_path / "r.csv", one.Options(checkpoint=Path("x"), frames=5))
    with (tmp_path / "r.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    source = SampleSource()
    source.open()
    own = Analyzer(tiny_predictor(Path("x")), 3, 0.0)
    try:
        for row in rows:
            picture = source.read()
            assert picture is not None
            face = own.analyze(picture).faces[0]
            written = [float(row[f"probability_{name}"]) for name in EXPRESSIONS]
            assert written == pytest.approx(face.purified.final.tolist(), abs=1e-6)
            assert float(row["c_g"]) == pytest.approx(float(face.purified.c_g), abs=1e-6)
            assert row["label"] == face.label
    finally:
        own.close()
        source.close()
    assert len(rows) == 5
