"""The ablation: which cells there are, and what happens when they are stopped, fail or finish."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.fake_run import write_run
from trainer.cli import main
from trainer.compare.grid import noise_name
from trainer.compare.reproduce import ROWS, Cell, Reproduction, plan
from trainer.config import NetworkChanges, NoiseConfig, TrainConfig
from trainer.report.table1 import write_table1

BASE = TrainConfig(data="ferplus:x", epochs=3, measure_on="valid")


class Trainer:
    """Stands in for training: writes a fake run, or fails or stops where it is told to."""

    def __init__(self, fail: str = "", stop: str = "", error: Exception | None = None) -> None:
        self.fail, self.stop = fail, stop
        self.error = error or FerdeskError("The loss became nan.")
        self.trained: list[str] = []
        self.configs: list[TrainConfig] = []

    def __call__(self, config: TrainConfig, run: Path) -> None:
        if self.stop and self.stop in str(run):
            raise KeyboardInterrupt
        if self.fail and self.fail in str(run):
            raise self.error
        self.trained.append("/".join(run.parts[-3:]))
        self.configs.append(config)
        write_run(run, config, pictures=120)


def reproduction(out: Path, *noises: str, seeds: int = 1, base: TrainConfig = BASE) -> Reproduction:
    return Reproduction(base, plan(noises or ("0.3",), seeds, base.seed), out)


def states(out: Path) -> dict[str, str]:
    cells = json.loads((out / "state.json").read_text())["cells"]
    return {f"{c['noise']}/{c['seed']}/{c['row']}": c["state"] for c in cells}


def run(r: Reproduction, trainer: Trainer) -> str:
    """Run all cells and return table1.md."""
    try:
        r.run(trainer, lambda: None)
    finally:
        # Once, not after every cell: drawing takes longer than all the rest.
        write_table1(r)
    return (r.out / "table1.md").read_text()


def run_only(r: Reproduction, trainer: Trainer) -> None:
    """Run all cells and write no table."""
    r.run(trainer, lambda: None)


def test_cells_are_seeds_times_noises_times_rows() -> None:
    cells = plan(["0", "0.30", "natural", "0.3"], 2, 5)
    assert len(cells) == 2 * 3 * 4
    assert cells[0].folder == "0/seed-5/baseline"
    assert cells[4].folder == "0.3/seed-5/baseline"
    assert cells[-1].folder == "natural/seed-6/apcl"


@pytest.mark.parametrize("text", ["1", "-0.1", "much", "nan", "inf", ""])
def test_other_noises_are_refused(text: str) -> None:
    with pytest.raises(FerdeskError, match=r"is no noise|outside \[0, 1\)"):
        noise_name(text)


def test_rows_differ_in_the_two_parts_and_noise_only_in_labels() -> None:
    configs = {row.key: Cell("0.3", 4, row).config(BASE) for row in ROWS}
    parts = {key: (c.architecture_config().cross_attention, c.architecture_config().corrections)
             for key, c in configs.items()}  # fmt: skip
    assert parts == {
        "baseline": (False, "none"), "dwmca": (True, "none"),
        "dwmca-apcl": (True, "both"), "apcl": (False, "both"),
    }  # fmt: skip
    assert {c.seed for c in configs.values()} == {4}
    assert configs["dwmca"].noise == NoiseConfig("symmetric", 0.3)
    clean, natural = (Cell(n, 1, ROWS[2]).config(BASE) for n in ("0", "natural"))
    assert (clean.noise.kind, clean.hard_labels) == ("none", True)
    assert natural.noise.kind == "natural"


def test_a_chosen_correction_and_kind_of_noise_stay() -> None:
    base = replace(BASE, network=NetworkChanges(cross_attention=False, corrections="geometric"),
                   noise=NoiseConfig("asymmetric", 0.1, seed=7))  # fmt: skip
    config = Cell("0.2", 1, ROWS[2]).config(base)
    assert config.network.cross_attention is True
    assert config.network.corrections == "geometric"
    assert config.noise == NoiseConfig("asymmetric", 0.2, seed=7)


def test_a_stopped_table_goes_on_and_skips_what_is_done(tmp_path: Path) -> None:
    first = Trainer(stop="dwmca-apcl")
    with pytest.raises(KeyboardInterrupt):
        run(reproduction(tmp_path), first)
    assert first.trained == ["0.3/seed-1/baseline", "0.3/seed-1/dwmca"]
    assert states(tmp_path) == {
        "0.3/1/baseline": "done", "0.3/1/dwmca": "done",
        "0.3/1/dwmca-apcl": "stopped", "0.3/1/apcl": "pending",
    }  # fmt: skip
    assert "2 of 4 cells are done" in (tmp_path / "table1.md").read_text()
    second = Trainer()
    run(reproduction(tmp_path), second)
    assert second.trained == ["0.3/seed-1/dwmca-apcl", "0.3/seed-1/apcl"]
    assert set(states(tmp_path).values()) == {"done"}
    third = Trainer()
    run_only(reproduction(tmp_path), third)
    assert third.trained == []


@pytest.mark.parametrize("error", [FerdeskError("The loss became nan."), RuntimeError("no memory")])
def test_a_failed_cell_is_reported_the_others_go_on_and_it_is_tried_again(
    tmp_path: Path, error: Exception
) -> None:
    trainer = Trainer(fail="seed-1/dwmca-apcl", error=error)
    with pytest.raises(FerdeskError, match=r"1 of 4 cells failed, the first \(0.3/seed-1/dwmca-ap"):
        run(reproduction(tmp_path), trainer)
    assert len(trainer.trained) == 3
    assert states(tmp_path)["0.3/1/dwmca-apcl"] == "failed"
    assert str(error) in (tmp_path / "table1.md").read_text()
    again = Trainer()
    run(reproduction(tmp_path), again)
    assert again.trained == ["0.3/seed-1/dwmca-apcl"]
    assert str(error) not in (tmp_path / "table1.md").read_text()


def test_errors_in_the_program_are_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run_only(reproduction(tmp_path), Trainer(fail="baseline", error=ZeroDivisionError()))


def test_another_configuration_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    run_only(reproduction(tmp_path), Trainer())
    before = (tmp_path / "state.json").read_bytes()
    with pytest.raises(FerdeskError, match=r"another configuration \(epochs\)"):
        reproduction(tmp_path, base=replace(BASE, epochs=9))
    with pytest.raises(FerdeskError, match=r"augment\.erase"):
        reproduction(tmp_path, base=replace(BASE, augment=replace(BASE.augment, erase=0.9)))
    assert (tmp_path / "state.json").read_bytes() == before
    reproduction(tmp_path, base=replace(BASE, threads=7, notes="at night"))


def test_a_finished_run_of_another_configuration_is_not_taken_for_a_cell(tmp_path: Path) -> None:
    write_run(tmp_path / "0.3/seed-1/baseline", replace(BASE, batch_size=8), pictures=120)
    with pytest.raises(FerdeskError, match=r"baseline' holds a run with another configuration"):
        reproduction(tmp_path)


def test_a_finished_run_made_by_hand_is_taken(tmp_path: Path) -> None:
    config = Cell("0.3", 1, ROWS[0]).config(replace(BASE, name="by hand"))
    write_run(tmp_path / "0.3/seed-1/baseline", config, pictures=120)
    trainer = Trainer()
    run_only(reproduction(tmp_path), trainer)
    assert len(trainer.trained) == 3


def test_more_noises_and_seeds_join_the_same_table(tmp_path: Path) -> None:
    run_only(reproduction(tmp_path, "0.3"), Trainer())
    trainer = Trainer()
    run_only(reproduction(tmp_path, "0", "0.3", seeds=2), trainer)
    assert len(trainer.trained) == 12
    text = run(reproduction(tmp_path, "natural"), Trainer())
    for heading in ("Labels as they are", "30 % symmetric noise", "Natural noise"):
        assert f"## {heading}" in text


def test_a_deleted_run_is_trained_again(tmp_path: Path) -> None:
    run_only(reproduction(tmp_path), Trainer())
    (tmp_path / "0.3/seed-1/apcl/model.safetensors").unlink()
    trainer = Trainer()
    run_only(reproduction(tmp_path), trainer)
    assert trainer.trained == ["0.3/seed-1/apcl"]


@pytest.mark.parametrize("text", ["{", '{"config": {}}', '{"config": {}, "cells": [{"noise": 1}]}'])
def test_a_damaged_state_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(FerdeskError, match="damaged"):
        reproduction(tmp_path)


def test_the_papers_figures_never_stand_beside_other_pictures(tmp_path: Path) -> None:
    run(reproduction(tmp_path / "fer", "0", "0.3"), Trainer())
    fer = (tmp_path / "fer" / "table1.md").read_text()
    ours, cited = fer.split("## Cited from papers")
    assert "78.57" not in ours
    assert "cannot be compared" in cited
    assert "78.57" in cited
    base = replace(BASE, data="rafdb:x")
    run(reproduction(tmp_path / "raf", "0", "0.3", base=base), Trainer())
    raf = (tmp_path / "raf" / "table1.md").read_text()
    clean, noisy = raf.split("## 30 % symmetric noise")
    assert "cited" not in clean
    head = next(line for line in noisy.splitlines() if line.startswith("| row |"))
    assert head.endswith("| cited from the paper, RAF-DB (%) |")
    assert "best epoch, chosen on these pictures (%)" in head
    row = next(line for line in noisy.splitlines() if line.startswith("| +DWMCA |"))
    assert row.endswith("| 78.57 |")
    assert "cannot be compared" not in raf


def test_figures_are_means_over_seeds(tmp_path: Path) -> None:
    r = reproduction(tmp_path, "0", seeds=2)
    run(r, Trainer())
    results = {c.folder: s for c, s in r.results().items()}
    one, two = (results[f"0/seed-{s}/apcl"].measured["final"].accuracy.mean for s in (1, 2))
    # Both fake runs are the same, so the deviation over the seeds is zero.
    assert one == two
    row = next(
        line for line in (tmp_path / "table1.md").read_text().splitlines()
        if line.startswith("| +APCL, no DWMCA | 2 |")
    )  # fmt: skip
    assert f"| {100 * one:.2f} ± 0.00 |" in row
    page = (tmp_path / "index.html").read_text()
    assert 'href="http' not in page
    assert 'src="http' not in page


def test_the_log_counts_cells_and_estimates_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "trainer.compare.grid"):
        run_only(reproduction(tmp_path), Trainer())
    texts = [record.getMessage() for record in caplog.records]
    assert texts[0] == "cell 1 of 4: 0.3/seed-1/baseline"
    # Each fake run of three epochs took 0.15 hours.
    assert texts[1] == "cell 2 of 4: 0.3/seed-1/dwmca, about 27 min left"


def test_the_table_is_written_at_the_start_and_after_every_cell(tmp_path: Path) -> None:
    r, done = reproduction(tmp_path), []
    r.run(Trainer(), lambda: done.append(len(r.results())))
    assert done == [0, 1, 2, 3, 4]


def test_another_process_of_the_run_writes_nothing(tmp_path: Path) -> None:
    r = reproduction(tmp_path)
    r.run(Trainer(), lambda: None, writes=False)
    assert not (tmp_path / "state.json").exists()
    assert not (tmp_path / "table1.md").exists()


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import trainer.run as command

    trainer = Trainer()
    monkeypatch.setattr(
        command, "train", lambda config, run, cache, progress="auto", label="": trainer(config, run)
    )
    call = [
        "reproduce", "table1", "--data", "synthetic:40", "--noise", "0", "0.3", "--seeds", "1",
        "--preset", "smoke", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"),
        "--train.epochs", "2",
    ]  # fmt: skip
    assert main(call) == 0
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "out" / "index.html"
    assert len(trainer.trained) == 8
    config = trainer.configs[0]
    assert (config.architecture, config.epochs, config.data) == ("tiny", 2, "synthetic:40")
    assert main([*call, "--train.epochs", "3"]) == 2
    assert "another configuration (epochs)" in capsys.readouterr().err
    assert main(["reproduce", "table1", "--out", str(tmp_path / "none")]) == 2
    assert "give --data" in capsys.readouterr().err
    bad = ["reproduce", "table1", "--data", f"ferplus:{tmp_path}", "--out", str(tmp_path / "bad")]
    assert main(bad) == 2
    assert not (tmp_path / "bad").exists()
