"""Every export has the stored numbers; corrections become a data set the trainer reads."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk import cli
from ferdesk.pipeline.types import Reading
from ferdesk.session.corrections import write_corrections
from ferdesk.session.recorder import Recorder
from ferdesk.session.records import CANNOT_TELL, CorrectionRecord, EventRecord
from ferdesk.session.session import Session
from ferdesk.session.table import COLUMNS
from ferdesk.session.writer import SessionInfo
from ferdesk.vision.crop import align_face
from tests.unit.session.test_recorder import feed


@pytest.fixture(autouse=True)
def no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)


def run(*arguments: object) -> int:
    return cli.run(["export", *map(str, arguments)])


def test_csv_and_tsv_have_the_same_numbers(folder: Path, tmp_path: Path) -> None:
    with Session.open(folder) as session:
        session.store.put(EventRecord(0.5, "=cmd()", 0.25, "a\tnote"))
        session.store.put(CorrectionRecord(0.2, 0.4, "anger", face=1))
    assert run(folder, "--csv", tmp_path / "t.csv", "--tsv", tmp_path / "bids") == 0
    with (tmp_path / "t.csv").open(newline="") as file:
        plain = list(csv.DictReader(file))
    with (tmp_path / "bids" / "readings.tsv").open(newline="") as file:
        tabbed = list(csv.DictReader(file, delimiter="\t"))
    assert len(plain) == len(tabbed) == 96
    for one, other in zip(plain, tabbed, strict=True):
        assert {k: v or "n/a" for k, v in one.items()} == other
    assert {row["correction"] for row in plain if 0.2 <= float(row["time"]) <= 0.6} == {"anger"}
    with (tmp_path / "bids" / "events.tsv").open(newline="") as file:
        events = list(csv.DictReader(file, delimiter="\t"))
    assert [event["trial_type"] for event in events] == ["correction: anger", "'=cmd()"]
    assert events[1]["note"] == "a note"
    sidecar = json.loads((tmp_path / "bids" / "readings.json").read_text())
    assert set(COLUMNS) <= set(sidecar)
    assert sidecar["time"]["Units"] == "s"
    assert "unsure" in sidecar["label"]["Levels"]
    assert set(events[0]) <= set(json.loads((tmp_path / "bids" / "events.json").read_text()))


def test_parquet(folder: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run(folder, "--parquet", tmp_path / "t.parquet") == 0
    table = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    with Session.open(folder) as session:
        arrays = session.readings()
    assert tuple(table) == COLUMNS
    assert np.allclose(table["probability_surprise"], arrays["probability_surprise"])
    assert table["label"] == arrays["label"].tolist()
    smiles = np.array(table["blendshape_mouthSmileLeft"])
    assert smiles.max() > 0.3
    assert smiles.min() < 0.1, "from worry into joy"


def test_nothing_is_overwritten_and_mistakes_are_sentences(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "t.csv"
    out.write_text("mine")
    for arguments, words in (
        ((folder, "--csv", out), "--overwrite"),
        ((folder,), "Say what to write"),
        ((folder, "--corrections", tmp_path / "c"), "holds no pictures"),
        ((tmp_path / "no", "--csv", tmp_path / "u.csv"), "There is no session"),
    ):
        assert run(*arguments) == 2
        assert words in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert run(folder, "--csv", out, "--overwrite") == 0
    assert out.read_text().startswith("time,")


def test_corrections_become_a_data_set(tmp_path: Path, readings: list[Reading]) -> None:
    from trainer.data.sets import read_examples

    folder = tmp_path / "s"
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("camera"), video=True)
    feed(recorder, readings, 40)
    recorder.stop()
    assert recorder.join(30)
    with Session.open(folder) as session:
        with pytest.raises(Exception, match="was corrected"):
            write_corrections([session], tmp_path / "out")
        session.store.put(CorrectionRecord(0.0, 1.3, "fear", face=1))
        session.store.put(CorrectionRecord(1.0, 0.1, CANNOT_TELL))
        written = write_corrections([session], tmp_path / "out")
        assert (written.crops, written.left_out) == (3, ())
    examples = read_examples(f"manifest:{tmp_path / 'out'}")
    assert len(examples) == 3
    assert {example.split for example in examples} == {"train"}
    assert {example.label for example in examples} == {6}
    crop = cv2.imread(str(examples[1].path))
    assert crop is not None
    index = int(examples[1].name.split("_")[-2])
    wanted = align_face(readings[index].frame.image, readings[index].faces[0].landmarks.points)
    assert crop.shape == wanted.shape == (112, 112, 3)
    assert cv2.PSNR(crop, wanted) > 30
