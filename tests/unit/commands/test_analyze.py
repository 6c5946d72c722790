"""`ferdesk analyze`: the columns of trust, and the operating point."""

import csv
from pathlib import Path

import pytest

from ferdesk import cli
from ferdesk.commands.analyze import COLUMNS, operating_point
from ferdesk.errors import FerdeskError
from ferdesk.model import checkpoint
from tests.unit.model.helpers import calibrated, tiny_card, tiny_checkpoint, tiny_network


@pytest.fixture(autouse=True)
def no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)


def analyzed(tmp_path: Path, model: Path, *more: str) -> tuple[int, list[dict[str, str]]]:
    out = tmp_path / "readings.csv"
    code = cli.run(
        ["analyze", "sample", "--out", str(out), "--frames", "3", "--device", "cpu",
         "--checkpoint", str(model), *more]
    )  # fmt: skip
    if code:
        return code, []
    with out.open(newline="") as file:
        return code, list(csv.DictReader(file))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    network = tiny_network()
    path = tmp_path / "calibrated.safetensors"
    checkpoint.save(path, network, calibrated(tiny_card(network)))
    return path


def test_reliability_and_set_are_columns(tmp_path: Path, model: Path) -> None:
    code, rows = analyzed(tmp_path, model)
    assert code == 0
    assert len(rows) == 3
    assert tuple(rows[0]) == COLUMNS
    for row in rows:
        assert 0 < float(row["reliability"]) < 1
        assert row["label"] in row["prediction_set"].split("+")
    code, rows = analyzed(tmp_path, model, "--coverage", "0.5")
    assert code == 0
    for row in rows:
        assert (row["label"] == "unsure") == (float(row["reliability"]) < 0.6)


def test_a_checkpoint_without_calibration_leaves_them_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny_checkpoint(tmp_path / "plain.safetensors")
    _, rows = analyzed(tmp_path, model)
    assert {(row["reliability"], row["prediction_set"]) for row in rows} == {("", "")}
    code, _ = analyzed(tmp_path, model, "--coverage", "0.5")
    assert code == 2
    assert "no risk-coverage table" in capsys.readouterr().err


def test_operating_points() -> None:
    card = calibrated(tiny_card(tiny_network()))
    assert operating_point(card, 1.0) == 0.0
    assert operating_point(card, 0.5) == 0.6
    for wrong in (0.0, 1.1, -1.0):
        with pytest.raises(FerdeskError, match="--coverage must be"):
            operating_point(card, wrong)
