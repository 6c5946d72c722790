"""Equal tries for every line, judged by noisy held-out labels, resumable, and kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.compare.fake_grid import BASE
from tests.unit.trainer.fake_run import epoch, write_cell
from trainer.compare.grid import Grid, Shard
from trainer.compare.methods import Cell, plan
from trainer.compare.tuning import Budget, Tuning, check_tuning, read_tuning, tune
from trainer.config import TrainConfig
from trainer.methods import METHODS
from trainer.methods.spaces import RATE, SPACES, tried, with_constants
from trainer.report.tuned import tuned

BUDGET = Budget(3, "0.2", 500, 2)
LINES = ("ours", "scn", "eac_published")


class Trainer:
    """Training whose held-out agreement is best for the second try of SCN, the first of ours."""

    def __init__(self, fail: str = "", stop: str = "") -> None:
        self.fail, self.stop = fail, stop
        self.trained: dict[str, TrainConfig] = {}

    def __call__(self, config: TrainConfig, run: Path) -> None:
        cell = "/".join(run.parts[-3:])
        if self.stop and self.stop in cell:
            raise KeyboardInterrupt
        if self.fail and self.fail in cell:
            raise FerdeskError("The loss became nan.")
        self.trained[cell] = config
        write_cell(run, config)
        attempt = int(run.parts[-2].removeprefix("try-"))
        agreement = 0.6 if (config.method, attempt) in (("ours", 1), ("scn", 2)) else 0.5
        lines = [epoch(n, agreement, measured=False) for n in (1, 2)]
        (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def make(out: Path, trainer: Trainer, shard: str = "1/1", lines: tuple[str, ...] = LINES) -> Tuning:
    check_tuning(out, BUDGET)
    return tune(BASE, lines, BUDGET, out, Shard.parse(shard), trainer)


def test_every_method_has_two_or_three_constants_of_its_own_and_the_rate() -> None:
    assert set(SPACES) == set(METHODS)
    for method in METHODS:
        assert tried(method, 1) == {}
        tries = [tried(method, k) for k in range(2, 8)]
        for constants in tries:
            assert list(constants) == [RATE, *SPACES[method]]
            with_constants(BASE, constants)  # every value is one that the option takes
        # One design for all, and no value twice.
        assert [t[RATE] for t in tries] == [tried("ours", k)[RATE] for k in range(2, 8)]
        assert len({t[RATE] for t in tries}) == 6
    # Halton's points from the second on: 1/4, 3/4, 1/8 of the logarithm of a third to three times.
    rates = [tried("scn", k)[RATE] for k in (2, 3, 4)]
    assert rates == pytest.approx([3**-0.5, 3**0.5, 3**-0.75], rel=0.01)
    assert tried("scn", 2)["scn.rank_margin"] == pytest.approx(0.03 * 10 ** (2 / 3), rel=0.01)
    assert tried("scn", 3)["scn.relabel_margin"] == pytest.approx(0.05 + 0.45 * 3 / 5, rel=0.01)
    # No try repeats the first.
    for method in METHODS:
        tries = [with_constants(TrainConfig(), tried(method, k)) for k in range(1, 9)]
        assert len(set(tries)) == 8, method


def test_constants_reach_the_options_and_variants_keep_theirs() -> None:
    constants = {RATE: 0.5, "scn.rank_margin": 0.1, "trust_ramp": 0.2}
    config = Cell("0.2", 4, "scn").config(BASE, constants)
    assert config.lr_head == pytest.approx(0.5 * BASE.lr_head)
    assert config.lr_backbone == pytest.approx(0.5 * BASE.lr_backbone)
    assert (config.scn.rank_margin, config.scn.beta) == (0.1, BASE.scn.beta)
    assert Cell("0.2", 4, "ours_no_ramp").config(BASE, constants).trust_ramp == 0.0


def test_every_line_gets_as_many_tries_and_no_clean_label_is_looked_at(tmp_path: Path) -> None:
    trainer = Trainer()
    found = make(tmp_path, trainer)
    assert set(trainer.trained) == {
        f"0.2/try-{k}/{line}" for k in (1, 2, 3) for line in ("ours", "scn")
    }
    for config in trainer.trained.values():
        assert config.measure_on == "none"
        assert (config.pictures, config.epochs, config.holdout) == (500, 2, 0.1)
        assert config.seed == BASE.seed + 1000
        assert config.noise.rate == 0.2
    assert found.constants("ours") == {}
    assert found.constants("scn") == tried("scn", 2)
    assert found.constants("eac_published") == {}
    assert read_tuning(tmp_path) == found
    kept = json.loads((tmp_path / "tuning.json").read_text())["lines"]["scn"]
    assert [t["accuracy"] for t in kept["tries"]] == [0.5, 0.6, 0.5]
    assert kept["chosen"] == 2
    rows = {row[0]: row for row in tuned(found).blocks[0].rows}
    assert rows["SCN"][1:5] == (
        "2 of 3", "learning rates × 0.577, scn.rank_margin 0.139, scn.relabel_margin 0.23", "60.0",
        "50.0",
    )  # fmt: skip
    assert rows["DWMCA+APCL"][2] == "as they are"


def test_it_goes_on_where_it_was_stopped_and_what_was_chosen_stays(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, Trainer(stop="try-2/scn"))
    assert read_tuning(tmp_path) is None
    trainer = Trainer()
    first = make(tmp_path, trainer)
    assert list(trainer.trained) == ["0.2/try-2/scn", "0.2/try-3/ours", "0.2/try-3/scn"]
    again = Trainer()
    assert make(tmp_path, again) == first
    more = make(tmp_path, again, lines=(*LINES, "rul"))
    assert {name.rpartition("/")[2] for name in again.trained} == {"rul"}
    assert more.lines["scn"] == first.lines["scn"]


def test_the_grid_is_trained_with_what_was_chosen(tmp_path: Path) -> None:
    found = make(tmp_path, Trainer())
    cells = plan(["0.3"], LINES, 1, BASE.seed)
    g = Grid(BASE, cells, tmp_path, constants=lambda cell: found.constants(cell.method))
    assert g.config(cells[1]).scn.rank_margin == found.constants("scn")["scn.rank_margin"]
    assert g.config(cells[1]).seed == BASE.seed
    assert g.config(cells[0]) == cells[0].config(BASE)
    assert not g.config(cells[2]).eac.scaled


def test_a_try_that_fails_loses_and_a_line_without_a_good_one_is_refused(tmp_path: Path) -> None:
    found = make(tmp_path / "a", Trainer(fail="try-2/scn"))
    assert found.lines["scn"].chosen.attempt == 1
    assert found.lines["scn"].tries[1].accuracy is None
    assert "became nan" in found.lines["scn"].tries[1].error
    with pytest.raises(FerdeskError, match=r"No try of 'scn' ended well: The loss became nan"):
        make(tmp_path / "b", Trainer(fail="scn"))


def test_shards_choose_once_all_tries_are_there(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match=r"3 of 6 tries belong to other shards"):
        make(tmp_path, Trainer(), shard="1/2")
    assert make(tmp_path, Trainer(), shard="2/2").constants("scn") == tried("scn", 2)


def test_other_tuning_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    make(tmp_path, Trainer())
    with pytest.raises(FerdeskError, match=r"was tuned; give --tune 3 as before"):
        check_tuning(tmp_path, None)
    with pytest.raises(FerdeskError, match=r"was tuned with 3 tries .*, not 5 tries"):
        check_tuning(tmp_path, replace(BUDGET, tries=5))
    with pytest.raises(FerdeskError, match="must be at least 1"):
        check_tuning(tmp_path / "new", replace(BUDGET, epochs=0))
    (tmp_path / "tuning.json").write_text('{"lines": 3}')
    with pytest.raises(FerdeskError, match=r"tuning\.json' is damaged; delete it"):
        check_tuning(tmp_path, BUDGET)
    untuned = tmp_path / "untuned"
    untuned.mkdir()
    (untuned / "grid.json").write_text("{}")
    with pytest.raises(FerdeskError, match="runs that were not tuned"):
        check_tuning(untuned, BUDGET)
