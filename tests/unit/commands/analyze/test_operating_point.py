"""Reliability, prediction set and the operating point in the table."""

from pathlib import Path

import pytest

from ferdesk.commands.analyze.operating_point import operating_point
from tests.unit.commands.analyze.conftest import Run
from tests.unit.model.helpers import calibrated, tiny_card, tiny_checkpoint, tiny_network


def test_reliability_and_set_are_columns(run: Run) -> None:
    code, rows = run("sample", "--frames", 3)
    assert code == 0
    assert len(rows) == 3
    for row in rows:
        assert 0 < float(row["reliability"]) < 1
        assert row["label"] in row["prediction_set"].split("+")
    code, rows = run("sample", "--frames", 3, "--coverage", 0.5, "--overwrite")
    assert code == 0
    for row in rows:
        assert (row["label"] == "unsure") == (float(row["reliability"]) < 0.6)


def test_a_checkpoint_without_calibration_leaves_them_empty(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = tiny_checkpoint(tmp_path / "plain.safetensors")
    _, rows = run("sample", "--frames", 1, "--checkpoint", plain)
    assert {(row["reliability"], row["prediction_set"]) for row in rows} == {("", "")}
    code, _ = run("sample", "--checkpoint", plain, "--coverage", 0.5, "--overwrite")
    assert code == 2
    assert "no risk-coverage table" in capsys.readouterr().err


def test_operating_points() -> None:
    card = calibrated(tiny_card(tiny_network()))
    assert operating_point(card, 1.0) == 0.0
    assert operating_point(card, 0.5) == 0.6
