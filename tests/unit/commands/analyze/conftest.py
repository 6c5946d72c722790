"""A small network, and files to read: a face, nobody, a clip, a broken one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk import cli
from ferdesk.model import checkpoint
from ferdesk.sources.sample import SampleSource
from tests.unit.model.helpers import calibrated, tiny_card, tiny_network

Run = Callable[..., tuple[int, list[dict[str, str]]]]


@pytest.fixture(autouse=True)
def no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    network = tiny_network()
    path = tmp_path / "calibrated.safetensors"
    checkpoint.save(path, network, calibrated(tiny_card(network)))
    return path


@pytest.fixture
def run(tmp_path: Path, model: Path) -> Run:
    """`ferdesk analyze SOURCE …`: the exit code, and the rows where it ended well."""

    def analyzed(source: object, *more: object, out: Path | None = None) -> tuple[int, list[dict]]:
        out = out or tmp_path / "out" / "readings.csv"
        arguments = ["analyze", source, "--out", out, "--device", "cpu"]
        if "--checkpoint" not in more:
            arguments += ["--checkpoint", model]
        code = cli.run([str(word) for word in (*arguments, *more)])
        if code not in (0, 1):
            return code, []
        with out.open(newline="", encoding="utf-8") as file:
            return code, list(csv.DictReader(file))

    return analyzed


@pytest.fixture(scope="session")
def woman() -> np.ndarray:
    """(360, 640, 3) BGR: the first frame of the sample."""
    source = SampleSource()
    source.open()
    frame = source.read()
    source.close()
    assert frame is not None
    return frame.image


@pytest.fixture
def folder(tmp_path: Path, woman: np.ndarray) -> Path:
    """Pictures with and without a face, a clip of 5 frames, a broken picture, and a text."""
    place = tmp_path / "mixed"
    place.mkdir()
    cv2.imwrite(str(place / "=face 1.png"), woman)
    cv2.imwrite(str(place / "face 2.jpg"), woman)
    cv2.imwrite(str(place / "nobody.png"), np.full((60, 80, 3), 90, np.uint8))
    clip = cv2.VideoWriter(str(place / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 20, (640, 360))
    for _ in range(5):
        clip.write(woman)
    clip.release()
    (place / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    (place / "notes.txt").write_text("no picture")
    return place
