"""Flips and lag by hand, and the command on the sample."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.stability import Answer, flips, main, step_lag
from tests.unit.model.helpers import tiny_checkpoint


def sequence(labels: list[int], ids: list[int] | None = None) -> list[Answer]:
    sure = np.eye(7, dtype=np.float32) * 0.9 + 0.1 / 7
    return [
        Answer(ids[i] if ids else 1, i / 30, sure[label]) for i, label in enumerate(labels)
    ]  # fmt: skip


def test_flips_by_hand() -> None:
    labels = [0] * 10 + [1] + [0] * 10 + [2] * 30
    assert flips(sequence(labels), 0.0) == 3
    assert flips(sequence(labels), 0.3) == 1, "one odd frame is smoothed away"
    assert flips(sequence([0, 1, 1], [1, 2, 2]), 0.0) == 0, "another face is not a flip"


def test_lag_of_a_step() -> None:
    assert step_lag(0.0, 30) == 0.0
    # Half of the step has arrived after 0.3 s · ln 2 = 0.208 s: frame 7, six after the first.
    assert step_lag(0.3, 30) == pytest.approx(6 / 30)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tiny_checkpoint(tmp_path / "a.safetensors")
    assert main([str(path), "--frames", "5", "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["source", "sample", "sample"]
    assert main([str(path), "--source", str(tmp_path / "absent.mp4")]) == 2
