"""Many sources into sessions: the numbers of one, failures listed, finished ones left alone."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk import cli
from ferdesk.resources import asset
from ferdesk.session.player import Player
from ferdesk.session.records import SessionState
from ferdesk.session.session import Session
from ferdesk.sources.sample import SampleSource
from tests.unit.model.helpers import tiny_checkpoint


@pytest.fixture(autouse=True)
def no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)


def test_sessions_of_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    clip, broken, out = tmp_path / "clip.mp4", tmp_path / "=broken.mp4", tmp_path / "out"
    shutil.copyfile(asset("sample.mp4"), clip)
    broken.write_bytes(b"no video")
    common = ["--frames", "6", "--checkpoint", str(model), "--device", "cpu"]
    command = ["analyze", "sample", str(clip), str(broken), "--out", str(out), *common]
    left = out / "clip.mp4.part"
    left.mkdir(parents=True)
    (left / "session.db").write_bytes(b"what a killed process left")

    assert cli.run([*command, "--jobs", "2"]) == 2
    said = capsys.readouterr()
    assert "Failed:" in said.out
    assert "=broken.mp4" in said.out
    assert "1 of 3 sources could not be read" in said.err
    assert not left.exists()
    with (out / "summary.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["source"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"sample", str(clip)}
    assert rows[str(clip)]["frames_with_face"] == "6"
    shares = [float(value) for key, value in rows["sample"].items() if key.startswith("share_")]
    assert sum(shares) == pytest.approx(1, abs=1e-3)

    before = {path: path.stat().st_mtime_ns for path in out.glob("*/session.db")}
    broken.unlink()
    assert cli.run(command[:3] + command[4:]) == 0
    assert "2 of 2 are finished already" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/session.db")} == before
    assert cli.run([*command[:3], *command[4:], "--smoothing", "0.3"]) == 2
    assert "other settings" in capsys.readouterr().err

    table = tmp_path / "one.csv"
    assert cli.run(["analyze", "sample", "--out", str(table), *common]) == 0
    with table.open(newline="", encoding="utf-8") as file:
        alone = list(csv.DictReader(file))
    with (out / "sample" / "readings.csv").open(newline="", encoding="utf-8") as file:
        kept = list(csv.DictReader(file))
    shared = set(alone[0]) & set(kept[0])
    assert {"label", "p_fear", "yaw", "c_t"} <= shared
    assert [{k: row[k] for k in shared} for row in alone] == [
        {k: row[k] for k in shared} for row in kept
    ]

    with Session.open(out / "sample") as session:
        assert session.state is SessionState.COMPLETE
        assert session.video == asset("sample.mp4"), "referred to and not copied"
        player = Player(session)
        source = SampleSource()
        source.open()
        for index in range(6):
            frame = source.read()
            assert frame is not None
            shown = player.reading(index).frame.image
            assert cv2.PSNR(np.asarray(shown), frame.image) > 35
        source.close()
        player.close()


def test_what_goes_into_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for arguments, words in (
        (["sample", "camera", "--out", str(tmp_path / "t.csv")], "name a folder"),
        (["sample", "--out", str(tmp_path / "file")], "exists already"),
        (["sample", "--out", str(tmp_path / "o"), "--jobs", "0"], "--jobs"),
        (["camera", "--out", str(tmp_path / "o")], "1 of 1 sources"),
    ):
        assert cli.run(["analyze", *arguments]) == 2
        assert words in capsys.readouterr().err
