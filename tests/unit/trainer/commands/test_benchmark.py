"""`benchmark` and `reproduce table1`: one experiment, two sets of defaults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import trainer.report.comparison
import trainer.run
from tests.unit.trainer.compare.fake_grid import Trainer
from trainer.cli import main
from trainer.config import TrainConfig

# Drawing takes longer than all the rest; tests/unit/trainer/report looks at it.
pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """In the place of training; it leaves no report and no costs."""
    fake = Trainer()

    def train(
        config: TrainConfig, run: Path, cache: Path, progress: str = "auto", label: str = ""
    ) -> None:
        fake(config, run)
        (run / "cost.json").unlink()

    monkeypatch.setattr(trainer.run, "train", train)
    return fake


@pytest.fixture
def no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than all the rest; tests/unit/trainer/report looks at the page."""
    monkeypatch.setattr(trainer.report.comparison, "write_comparison", lambda grid: None)


def call(folder: Path, command: list[str], *more: str) -> int:
    return main(
        [*command, "--data", "synthetic:40", "--preset", "smoke", "--seeds", "1",
         "--out", str(folder / "out"), "--cache", str(folder / "cache"),
         "--train.epochs", "2", *more]
    )  # fmt: skip


def test_benchmark(tmp_path: Path, stand_in: Trainer, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["benchmark", "--methods", "scn", "ours", "--noise", "0", "--backbone", "tiny"]
    assert call(tmp_path, command) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "out" / "index.html"
    assert stand_in.trained == ["0/seed-1/scn", "0/seed-1/ours"]
    text = (tmp_path / "out" / "benchmark.md").read_text()
    costs = text.split("## What each method costs")[1].split("##")[0]
    row = next(x for x in costs.splitlines() if x.startswith("| SCN | image random | "))
    # 5,976 weights, 112 of the norms, 231 of the last layer and 33 of α.
    assert "| 0.01 | 0.01 |" in row
    assert "–" not in row
    assert call(tmp_path, command, "--methods", "our") == 2
    assert "did you mean 'ours'" in capsys.readouterr().err


def test_tuning_comes_before_the_grid_and_stands_on_its_page(
    tmp_path: Path,
    stand_in: Trainer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [
        "benchmark",
        "--methods",
        "scn",
        "eac_published",
        "--noise",
        "0",
        "--backbone",
        "tiny",
    ]
    tune = ["--tune", "2", "--tune-pictures", "30", "--tune-epochs", "1"]
    with monkeypatch.context() as torchrun:
        torchrun.setenv("WORLD_SIZE", "2")
        assert call(tmp_path, command, *tune) == 2
        assert "without torchrun first" in capsys.readouterr().err
    assert call(tmp_path, command, *tune) == 0
    assert stand_in.trained == [
        "0.2/try-1/scn", "0.2/try-2/scn", "0/seed-1/scn", "0/seed-1/eac_published",
    ]  # fmt: skip
    tries, cells = stand_in.configs[:2], stand_in.configs[2:]
    assert [(c.measure_on, c.epochs) for c in stand_in.configs] == [("none", 1)] * 2 + [
        ("test", 2)
    ] * 2
    assert tries[0].scn != tries[1].scn
    assert cells[0].scn in (tries[0].scn, tries[1].scn)
    text = (tmp_path / "out" / "benchmark.md").read_text()
    section = text.split("## How constants were chosen")[1].split("\n## ")[0]
    assert "| SCN | " in section
    assert "EAC" not in section
    assert call(tmp_path, command, *tune) == 0
    assert len(stand_in.trained) == 4
    capsys.readouterr()
    assert call(tmp_path, command) == 2
    assert "was tuned; give --tune 2 as before" in capsys.readouterr().err


@pytest.mark.usefixtures("no_page")
def test_reproduce(tmp_path: Path, stand_in: Trainer, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["reproduce", "table1", "--noise", "0"]
    assert call(tmp_path, command) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "out" / "index.html"
    assert len(stand_in.trained) == 4
    config = stand_in.configs[0]
    assert (config.architecture, config.epochs, config.data) == ("tiny", 2, "synthetic:40")
    # The benchmark of the same rows finds all of it done.
    same = ["benchmark", "--methods", "ablation", "--noise", "0"]
    assert call(tmp_path, same) == 0
    assert len(stand_in.trained) == 4
    capsys.readouterr()
    assert call(tmp_path, command, "--train.epochs", "3") == 2
    assert "another configuration (epochs)" in capsys.readouterr().err
    assert call(tmp_path, command, "--train.method", "scn") == 2
    assert "drop --train.method" in capsys.readouterr().err
    assert call(tmp_path, command, "--train.network.cross_attention", "false") == 2
    assert "rows of Table I" in capsys.readouterr().err


def test_what_cannot_be_trained_is_one_sentence_and_leaves_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "out")]
    for more, sentence in (
        ([], "give --data"),
        (["--data", f"ferplus:{tmp_path}"], "fer2013new.csv"),
        (["--data", "synthetic:40", "--jobs", "0"], "give --jobs 1 or more"),
        (["--data", "synthetic:40", "--noise", "1.5"], "outside [0, 1)"),
    ):
        assert main(["reproduce", "table1", *out, *more]) == 2
        error = capsys.readouterr().err
        assert sentence in error
        assert len(error.strip().splitlines()) == 1
        assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_page")
@pytest.mark.parametrize("missing", ["cost.json", "report/index.html"])
def test_a_cell_without_report_or_costs_gets_them_and_is_not_trained_again(
    tmp_path: Path, stand_in: Trainer, missing: str
) -> None:
    command = ["benchmark", "--methods", "scn", "--noise", "0.3", "--backbone", "tiny"]
    assert call(tmp_path, command) == 0
    run = tmp_path / "out/0.3/seed-1/scn"
    weights = (run / "weights.pt").stat()
    (run / missing).unlink()
    # As after a kill between the weights and the end.
    state = tmp_path / "out/state/0.3_seed-1_scn.json"
    state.unlink()
    assert call(tmp_path, command) == 0
    assert len(stand_in.trained) == 1
    assert (run / "weights.pt").stat().st_mtime_ns == weights.st_mtime_ns
    assert (run / missing).stat().st_size > 100
    assert json.loads(state.read_text())["state"] == "done"
