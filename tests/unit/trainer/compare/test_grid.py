"""The folder of a grid: what is done, goes on, fails, or belongs to something else."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.compare.fake_grid import BASE, THREE, Trainer, grid, nothing, page
from tests.unit.trainer.fake_run import write_cell, write_run
from trainer.compare.grid import CellProgress, Shard, time_left
from trainer.compare.methods import Cell, plan


def states(out: Path) -> dict[str, str]:
    entries = [json.loads(path.read_text()) for path in (out / "state").glob("*.json")]
    return {f"{e['noise']}/{e['seed']}/{e['method']}": e["state"] for e in entries}


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", ""])
def test_other_shards_are_refused(text: str) -> None:
    with pytest.raises(FerdeskError, match="is no shard"):
        Shard.parse(text)


def test_shards_share_all_cells_and_none_twice() -> None:
    cells = plan(["0", "0.3"], THREE, 2, 1)
    parts = [Shard.parse(f"{i}/5").share(cells) for i in range(1, 6)]
    assert sorted(c.folder for part in parts for c in part) == sorted(c.folder for c in cells)


@pytest.mark.usefixtures("undrawn")
def test_a_stopped_grid_goes_on_and_skips_what_is_done(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        grid(tmp_path).run(Trainer(stop="cross_entropy"), nothing)
    assert states(tmp_path) == {
        "0.3/1/ours": "done", "0.3/1/cross_entropy": "stopped", "0.3/1/scn": "pending",
    }  # fmt: skip
    assert "1 of 3 cells are done" in page(grid(tmp_path))
    second = Trainer()
    grid(tmp_path).run(second, nothing)
    assert second.trained == ["0.3/seed-1/cross_entropy", "0.3/seed-1/scn"]
    assert set(states(tmp_path).values()) == {"done"}
    # Killed before it could say so, the runs themselves tell, those of both kinds.
    for path in (tmp_path / "state").glob("*.json"):
        path.unlink()
    third = Trainer()
    grid(tmp_path).run(third, nothing)
    assert third.trained == []


@pytest.mark.parametrize("missing", ["scn/weights.pt", "ours/model.safetensors",
                                     "scn/report/index.html", "scn/cost.json"])  # fmt: skip
def test_a_cell_is_done_only_with_weights_report_and_costs(tmp_path: Path, missing: str) -> None:
    grid(tmp_path).run(Trainer(), nothing)
    (tmp_path / "0.3/seed-1" / missing).unlink()
    g, again = grid(tmp_path), Trainer()
    assert len(g.results()) == 2
    g.run(again, nothing)
    assert again.trained == [f"0.3/seed-1/{missing.partition('/')[0]}"]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("error", [FerdeskError("The loss became nan."), RuntimeError("no memory")])
def test_a_failed_cell_is_reported_the_others_go_on_and_it_is_tried_again(
    tmp_path: Path, error: Exception
) -> None:
    trainer, g = Trainer(fail="cross_entropy", error=error), grid(tmp_path)
    with pytest.raises(FerdeskError, match=r"1 of 3 cells failed, the first \(0.3/seed-1/cross_en"):
        g.run(trainer, nothing)
    assert trainer.trained == ["0.3/seed-1/ours", "0.3/seed-1/scn"]
    assert states(tmp_path)["0.3/1/cross_entropy"] == "failed"
    assert str(error) in g.progress[Cell("0.3", 1, "cross_entropy")].error
    assert str(error) in page(g)
    again = Trainer()
    grid(tmp_path).run(again, nothing)
    assert again.trained == ["0.3/seed-1/cross_entropy"]
    assert str(error) not in page(grid(tmp_path))


def test_errors_in_the_program_are_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        grid(tmp_path).run(Trainer(fail="ours", error=ZeroDivisionError()), nothing)


def test_shards_beside_each_other_keep_each_others_states(tmp_path: Path) -> None:
    one, two = grid(tmp_path, shard="1/2"), grid(tmp_path, shard="2/2")
    trainer = Trainer(fail="cross_entropy")

    def meanwhile() -> None:
        """The other shard runs whole while the first is between two cells."""
        if not two_done:
            two_done.append(True)
            with pytest.raises(FerdeskError, match="1 of 1 cells failed"):
                two.run(trainer, nothing)

    two_done: list[bool] = []
    one.run(trainer, meanwhile)
    assert trainer.trained == ["0.3/seed-1/ours", "0.3/seed-1/scn"]
    assert states(tmp_path) == {
        "0.3/1/ours": "done", "0.3/1/cross_entropy": "failed", "0.3/1/scn": "done",
    }  # fmt: skip
    # The first learns of it, and its own states outlive the reading.
    one.refresh()
    assert [p.state for p in one.progress.values()] == ["done", "failed", "done"]
    assert not list(tmp_path.rglob("*.part"))


def test_another_configuration_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    grid(tmp_path, methods=("scn",)).run(Trainer(), nothing)
    before = (tmp_path / "grid.json").read_bytes()
    for other, name in (
        (replace(BASE, epochs=9), "epochs"),
        (replace(BASE, backbone="tiny"), "backbone"),
        (replace(BASE, augment=replace(BASE.augment, erase=0.9)), r"augment\.erase"),
    ):
        with pytest.raises(FerdeskError, match=rf"another configuration \({name}\)"):
            grid(tmp_path, base=other)
    assert (tmp_path / "grid.json").read_bytes() == before
    grid(tmp_path, base=replace(BASE, threads=7, notes="at night", seed=2))


def test_the_nested_settings_of_earlier_versions_are_read(tmp_path: Path) -> None:
    base = replace(BASE, augment=replace(BASE.augment, erase=0.5))
    (tmp_path / "grid.json").write_text(json.dumps(asdict(base)))
    grid(tmp_path, base=base)
    with pytest.raises(FerdeskError, match=r"another configuration \(noise\.seed\)"):
        grid(tmp_path, base=replace(base, noise=replace(base.noise, seed=2)))


def test_a_finished_run_of_another_configuration_is_not_taken_for_a_cell(tmp_path: Path) -> None:
    write_run(tmp_path / "0.3/seed-1/ours", replace(BASE, batch_size=8), pictures=120)
    with pytest.raises(FerdeskError, match=r"ours' was made with another configuration \(noise"):
        grid(tmp_path)


def test_a_finished_run_made_by_hand_is_taken(tmp_path: Path) -> None:
    config = Cell("0.3", 1, "ours").config(replace(BASE, name="by hand"))
    write_cell(tmp_path / "0.3/seed-1/ours", config)
    trainer = Trainer()
    grid(tmp_path).run(trainer, nothing)
    assert trainer.trained == ["0.3/seed-1/cross_entropy", "0.3/seed-1/scn"]


def test_more_methods_noises_and_seeds_join_the_same_grid(tmp_path: Path) -> None:
    grid(tmp_path, methods=("scn",)).run(Trainer(), nothing)
    trainer = Trainer()
    grid(tmp_path, "0", "0.3", methods=("scn", "ours"), seeds=2).run(trainer, nothing)
    assert len(trainer.trained) == 7
    # A cell of another version is left alone.
    other = tmp_path / "state" / "0.3_seed-1_newer.json"
    other.write_text('{"noise": "0.3", "seed": 1, "method": "newer", "state": "done"}')
    assert len(grid(tmp_path, "natural", methods=("rul",)).progress) == 9
    assert other.is_file()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"noise": "0.3"}',
     '{"noise": "2", "seed": 1, "method": "scn", "state": "done", "hours": 1, "error": ""}'],
)  # fmt: skip
def test_a_damaged_state_is_refused(tmp_path: Path, text: str) -> None:
    grid(tmp_path, methods=("scn",)).run(Trainer(), nothing)
    (tmp_path / "state" / "0.3_seed-1_scn.json").write_text(text)
    with pytest.raises(FerdeskError, match=r"0\.3_seed-1_scn\.json' is damaged"):
        grid(tmp_path)


def test_a_folder_of_the_old_reproduce_is_left_untouched_and_its_runs_can_be_kept(
    tmp_path: Path,
) -> None:
    rows = {"baseline": "ours_baseline", "dwmca": "ours_dwmca", "dwmca-apcl": "ours",
            "apcl": "ours_apcl"}  # fmt: skip
    seed = tmp_path / "0.3" / "seed-1"
    for row, method in rows.items():
        write_run(seed / row, Cell("0.3", 1, method).config(BASE), pictures=120)
    state = tmp_path / "state.json"
    state.write_text('{"config": {}, "cells": []}')
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FerdeskError, match=r"older version .*; give another --out, or") as caught:
        grid(tmp_path, methods=tuple(rows.values()))
    assert sorted(tmp_path.rglob("*")) == before
    # What the sentence says works, in the order it says it.
    state.unlink()
    for row, method in rows.items():
        assert row in str(caught.value)
        (seed / row).rename(seed / method)
    g = grid(tmp_path, methods=tuple(rows.values()))
    assert not any(g.finished(cell) for cell in g.wanted), "their costs are missing"
    assert all((g.folder(cell) / "model.safetensors").is_file() for cell in g.wanted)


def test_time_left_is_that_of_the_methods_to_come() -> None:
    ours, scn, eac = (Cell("0", 1, m) for m in ("ours", "scn", "eac"))
    done = {ours: CellProgress("done", 3.0), scn: CellProgress("done", 1.0), eac: CellProgress()}
    again = [Cell("0", 2, "ours"), Cell("0", 2, "scn")]
    assert time_left(done, again) == ", about 4.0 hours left"
    assert time_left(done, again, 2) == ", about 2.0 hours left"
    # Nothing is known of this one: the mean of all.
    assert time_left(done, [eac]) == ", about 2.0 hours left"
    assert time_left({eac: CellProgress()}, [eac]) == ""


def test_the_log_counts_cells_and_estimates_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "trainer.compare.grid"):
        grid(tmp_path).run(Trainer(), nothing)
    texts = [record.getMessage() for record in caplog.records]
    assert texts[0] == "cell 1 of 3: 0.3/seed-1/ours"
    # Each fake run of three epochs took 0.15 hours.
    assert texts[1] == "cell 2 of 3: 0.3/seed-1/cross_entropy, about 18 min left"


def test_the_page_is_written_at_the_start_and_after_every_cell(tmp_path: Path) -> None:
    g, done = grid(tmp_path), []
    g.run(Trainer(), lambda: done.append(len(g.results())))
    assert done == [0, 1, 2, 3]


def test_another_process_of_the_run_writes_nothing(tmp_path: Path) -> None:
    grid(tmp_path).run(Trainer(), nothing, writes=False)
    assert [path.name for path in tmp_path.iterdir()] == ["0.3"]
