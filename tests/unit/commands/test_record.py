"""`ferdesk record`: the real engine and landmarker into a session folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferdesk import cli
from ferdesk.session.session import Session
from tests.unit.model.helpers import tiny_checkpoint


@pytest.fixture(autouse=True)
def no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)


def test_record_the_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    code = cli.run(
        ["record", "sample", "--out", str(tmp_path / "out"), "--video", "--seconds", "2",
         "--neutral", "0", "--participant", "P 7", "--checkpoint", str(model), "--device", "cpu"]
    )  # fmt: skip
    said = capsys.readouterr().out
    assert code == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert folder.name.endswith("_P-7")
    assert str(folder) in said
    assert "agreed" in said, "keeping pictures needs a word about consent"
    with Session.open(folder) as session:
        assert session.notes == ()
        assert session.facts["participant"] == "P 7"
        assert "640x360" in session.facts["source_detail"]
        assert 1.9 < session.duration < 15, "the sample has 19.7 s"
        assert [frame.source_index for frame in session.frames][:3] == [0, 1, 2]
        stored = list(session.read())
        assert stored
        assert all(len(faces) == 1 for _, faces in stored)
        assert session.analyses[0].smoothing_seconds == 0.3
        assert session.analyses[0].checkpoint == "tiny"
        assert session.video is not None
        for baseline in session.store.baselines():
            assert baseline.onset >= 0


def test_what_cannot_be_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    common = ["--checkpoint", str(model), "--device", "cpu"]
    (tmp_path / "file").touch()
    for arguments, words in (
        (["sample", "--out", str(tmp_path / "file")], "is a file"),
        (["sample", "--out", str(tmp_path / "out"), "--seconds", "0"], "--seconds"),
        (["sample", "--out", str(tmp_path / "out"), "--neutral", "-1"], "--neutral"),
        (["absent.mp4", "--out", str(tmp_path / "out")], "absent.mp4"),
    ):
        assert cli.run(["record", *arguments, *common]) == 2
        assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
