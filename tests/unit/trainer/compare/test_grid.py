"""The grid of methods: its cells, its shards beside each other, and the page about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.fake_run import write_run
from trainer.compare.grid import Progress, time_left
from trainer.compare.methods import (
    Comparison,
    MethodCell,
    Shard,
    check_weights,
    chosen,
    on_backbone,
    plan,
)
from trainer.compare.reproduce import ROWS, Cell
from trainer.config import NetworkChanges, TrainConfig
from trainer.measure.cost import measure_cost
from trainer.methods import METHODS, VARIANTS
from trainer.report.comparison import write_benchmark
from trainer.report.lines import LABELS

BASE = TrainConfig(data="ferplus:x", epochs=3, measure_on="valid")
THREE = ("ours", "cross_entropy", "scn")


class Trainer:
    """Stands in for training: a run that ends as that of its method does, or fails or stops."""

    def __init__(self, fail: str = "", stop: str = "") -> None:
        self.fail, self.stop = fail, stop
        self.trained: list[str] = []

    def __call__(self, config: TrainConfig, run: Path) -> None:
        cell = "/".join(run.parts[-3:])
        if self.stop and self.stop in cell:
            raise KeyboardInterrupt
        if self.fail and self.fail in cell:
            raise RuntimeError("no memory")
        self.trained.append(cell)
        # Methods that are better at it stand out, and differ from one another.
        write_run(run, config, pictures=120, skill=1.2 + 0.5 * METHODS.index(config.method))
        if config.method != "ours":
            (run / "model.safetensors").rename(run / "weights.pt")


def grid(
    out: Path,
    *noises: str,
    methods: tuple[str, ...] = THREE,
    seeds: int = 1,
    shard: str = "1/1",
    base: TrainConfig = BASE,
) -> Comparison:
    cells = plan(noises or ("0.3",), methods, seeds, base.seed)
    return Comparison(base, cells, out, Shard.parse(shard))


def states(out: Path) -> dict[str, str]:
    entries = [json.loads(path.read_text()) for path in (out / "state").glob("*.json")]
    return {f"{e['noise']}/{e['seed']}/{e['method']}": e["state"] for e in entries}


def nothing() -> None:
    """Drawing takes longer than all the rest."""


def test_cells_are_seeds_times_noises_times_methods() -> None:
    cells = plan(["0", "natural", "0.0"], chosen(["scn", "all"]), 2, 4)
    assert len(cells) == 2 * 2 * 7
    assert cells[0].folder == "0/seed-4/scn"
    config = MethodCell("natural", 5, "eac").config(BASE)
    assert (config.method, config.seed, config.noise.kind) == ("eac", 5, "natural")
    assert MethodCell("0", 5, "eac").config(BASE).hard_labels


def test_misspelt_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(FerdeskError, match="did you mean 'cross_entropy'"):
        chosen(["ours", "cross-entropy"])
    with pytest.raises(FerdeskError, match="did you mean 'resnet18'"):
        on_backbone(BASE, "resnet8")


def test_one_backbone_is_that_of_ours_too() -> None:
    base = on_backbone(BASE, "mobilefacenet")
    assert base.backbone == "mobilefacenet"
    assert base.architecture_config().image_backbone == "mobilefacenet"


def test_weights_that_fit_only_some_methods_are_refused() -> None:
    with pytest.raises(FerdeskError, match="give --backbone"):
        check_weights(replace(BASE, image_weights="w.pth"), THREE)
    check_weights(on_backbone(replace(BASE, image_weights="w.pth"), "resnet18"), THREE)
    check_weights(replace(BASE, image_weights="w.pth"), ("scn", "eac"))
    with pytest.raises(FerdeskError, match=r"'scn' cannot start from a checkpoint"):
        check_weights(replace(BASE, start_from="m.safetensors"), ("ours", "scn"))


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", ""])
def test_other_shards_are_refused(text: str) -> None:
    with pytest.raises(FerdeskError, match="is no shard"):
        Shard.parse(text)


def test_shards_share_all_cells_and_none_twice() -> None:
    cells = plan(["0", "0.3"], THREE, 2, 1)
    parts = [Shard.parse(f"{i}/5").share(cells) for i in range(1, 6)]
    assert sorted(c.folder for part in parts for c in part) == sorted(c.folder for c in cells)


def test_a_stopped_grid_goes_on_and_knows_both_kinds_of_finished_runs(tmp_path: Path) -> None:
    first = Trainer(stop="scn")
    with pytest.raises(KeyboardInterrupt):
        grid(tmp_path).run(first, nothing)
    assert states(tmp_path) == {
        "0.3/1/ours": "done", "0.3/1/cross_entropy": "done", "0.3/1/scn": "stopped",
    }  # fmt: skip
    # Killed before it could say so: the runs themselves tell.
    for path in (tmp_path / "state").glob("*.json"):
        path.unlink()
    second = Trainer()
    grid(tmp_path).run(second, nothing)
    assert second.trained == ["0.3/seed-1/scn"]


def test_a_run_without_its_weights_is_trained_again(tmp_path: Path) -> None:
    grid(tmp_path).run(Trainer(), nothing)
    (tmp_path / "0.3/seed-1/scn/weights.pt").unlink()
    again = Trainer()
    grid(tmp_path).run(again, nothing)
    assert again.trained == ["0.3/seed-1/scn"]


def test_a_failed_cell_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    trainer, g = Trainer(fail="cross_entropy"), grid(tmp_path)
    with pytest.raises(FerdeskError, match=r"1 of 3 cells failed, .*RuntimeError: no memory"):
        g.run(trainer, nothing)
    assert trainer.trained == ["0.3/seed-1/ours", "0.3/seed-1/scn"]
    assert states(tmp_path)["0.3/1/cross_entropy"] == "failed"
    assert g.progress[MethodCell("0.3", 1, "cross_entropy")].error == "RuntimeError: no memory"


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


def test_another_configuration_and_damaged_states_are_refused(tmp_path: Path) -> None:
    grid(tmp_path, methods=("scn",)).run(Trainer(), nothing)
    with pytest.raises(FerdeskError, match=r"another configuration \(epochs\)"):
        grid(tmp_path, base=replace(BASE, epochs=9))
    with pytest.raises(FerdeskError, match=r"another configuration \(backbone\)"):
        grid(tmp_path, base=replace(BASE, backbone="tiny"))
    # More methods, noises and seeds may come later.
    more = grid(tmp_path, "0", methods=("ours",), seeds=2)
    assert len(more.progress) == 3
    # A method of another version is left alone.
    other = tmp_path / "state" / "0.3_seed-1_newer.json"
    other.write_text('{"noise": "0.3", "seed": 1, "method": "newer", "state": "done"}')
    assert len(grid(tmp_path, "0", methods=("ours",), seeds=2).progress) == 3
    assert other.is_file()
    (tmp_path / "state" / "0.3_seed-1_scn.json").write_text('{"noise": "0.3"}')
    with pytest.raises(FerdeskError, match=r"0\.3_seed-1_scn\.json' is damaged; delete it"):
        grid(tmp_path)


def test_time_left_is_that_of_the_methods_to_come() -> None:
    ours, scn, eac = (MethodCell("0", 1, m) for m in ("ours", "scn", "eac"))
    done = {ours: Progress("done", 3.0), scn: Progress("done", 1.0), eac: Progress()}
    again = [MethodCell("0", 2, "ours"), MethodCell("0", 2, "scn")]
    assert time_left(done, again) == ", about 4.0 hours left"
    # Nothing is known of this one: the mean of all.
    assert time_left(done, [eac]) == ", about 2.0 hours left"
    assert time_left({eac: Progress()}, [eac]) == ""


def test_the_page_shows_every_method_and_keeps_papers_apart(tmp_path: Path) -> None:
    g = grid(tmp_path, "0", "0.3", seeds=2)
    g.run(Trainer(), nothing)
    write_benchmark(g)
    text = (tmp_path / "benchmark.md").read_text()
    ours, cited = text.split("## Cited from papers")
    assert "Labels as they are" in ours
    clean, noisy = ours.split("## 30 % symmetric noise")
    for label in ("DWMCA+APCL", "cross entropy", "SCN"):
        assert f"| {label} | 2 |" in noisy
    against = noisy.split("| against cross entropy |")[1].split("| against DWMCA+APCL |")
    for table, absent in zip(against, ("cross entropy", "DWMCA+APCL"), strict=True):
        lines = table.split("\n\n")[0].splitlines()[2:]
        rows = [line.strip("| ").split(" | ") for line in lines]
        assert len(rows) == 2
        assert absent not in {row[0] for row in rows}
        # Points over the seeds, an interval of the last answers, a p for each seed.
        _, gained, bounds, chances = next(row for row in rows if row[0] == "SCN")
        assert gained.startswith("+")
        low, high = (float(x.replace("−", "-")) for x in bounds.split(" to "))
        assert low < high
        assert chances.count(",") == 1
    assert "### Memorisation" in noisy
    assert "### Memorisation" not in clean
    assert "84.42" not in ours
    assert "cannot be compared" in cited
    assert "84.42" in cited
    page = (tmp_path / "index.html").read_text()
    assert 'src="http' not in page
    assert "<script" not in page
    assert page.count("<svg") == 1 + 2 + 1
    assert not list(tmp_path.glob(".*"))


def test_papers_stand_beside_the_same_pictures_only(tmp_path: Path) -> None:
    two = ("eac", "ours_dwmca")
    g = grid(tmp_path, "0", "0.3", methods=two, base=replace(BASE, data="rafdb:x"))
    g.run(Trainer(), nothing)
    write_benchmark(g)
    text = (tmp_path / "benchmark.md").read_text()
    clean, noisy = text.split("## Cited from")[0].split("## 30 % symmetric noise")
    assert "cited" not in clean.split("## Labels as they are")[1]
    row = next(x for x in noisy.splitlines() if x.startswith("| EAC | 1 |"))
    assert row.endswith("| 84.42 |")
    row = next(x for x in noisy.splitlines() if x.startswith("| Table I: +DWMCA | 1 |"))
    assert row.endswith("| 78.57 |")
    assert "cannot be compared" not in text


def test_variants_stand_beside_their_method(tmp_path: Path) -> None:
    g = grid(tmp_path, "0.3", methods=("ours", *VARIANTS))
    trainer = Trainer()
    g.run(trainer, nothing)
    assert trainer.trained == [f"0.3/seed-1/{name}" for name in ("ours", *VARIANTS)]
    plain, changed, _, weaker, *_ = (cell.config(BASE) for cell in g.everything)
    assert (plain.trust_ramp, changed.trust_ramp) == (BASE.trust_ramp, 0.0)
    assert (changed.method, weaker.method, weaker.eac.consistency) == ("ours", "eac", 0.5)
    assert not set(VARIANTS) & set(chosen(["all"]))
    write_benchmark(g)
    text = (tmp_path / "benchmark.md").read_text()
    assert all(f"| {VARIANTS[name].label} | 1 |" in text for name in VARIANTS)


def test_the_ablation_is_that_of_reproduce() -> None:
    base = replace(BASE, network=NetworkChanges(image_size=56))
    rows = {row.key: Cell("0.3", 1, row).config(base) for row in ROWS}
    cells = {c.method: c.config(base) for c in plan(["0.3"], chosen(["ablation"]), 1, 1)}
    named = {"ours_baseline": "baseline", "ours_dwmca": "dwmca", "ours_apcl": "apcl"}
    named["ours"] = "dwmca-apcl"
    assert {named[method]: config for method, config in cells.items()} == rows


def test_every_method_has_a_name() -> None:
    assert set(LABELS) == {*METHODS, *VARIANTS}


def test_cost_of_the_tiny_classifier() -> None:
    """Convolutions of 3×3 at stride 4, 2 and 2 on 32 pixels, then one layer."""
    config = TrainConfig(
        method="cross_entropy", backbone="tiny", network=NetworkChanges(image_size=32)
    )
    cost = measure_cost(config)
    maps = 8 * 8 * 8 * 27 + 4 * 4 * 16 * 72 + 2 * 2 * 32 * 144
    assert cost.macs == maps + 32 * 7
    weights = 8 * 27 + 16 * 72 + 32 * 144
    assert cost.parameters == weights + 2 * (8 + 16 + 32) + 32 * 7 + 7
    assert cost.training_parameters == cost.parameters
    assert cost.milliseconds > 0


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import trainer.run as command
    from trainer.commands import benchmark

    stand_in = Trainer()
    monkeypatch.setattr(
        command,
        "train",
        lambda config, run, cache, progress="auto", label="": stand_in(config, run),
    )
    call = [
        "--data", "synthetic:40", "--methods", "scn", "ours", "--noise", "0", "--seeds", "1",
        "--backbone", "tiny", "--train.architecture", "tiny", "--train.epochs", "2",
        "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"),
    ]  # fmt: skip
    benchmark.run(benchmark.parser().parse_args(call))
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "out" / "index.html"
    assert stand_in.trained == ["0/seed-1/scn", "0/seed-1/ours"]
    text = (tmp_path / "out" / "benchmark.md").read_text()
    costs = text.split("## What each method costs")[1].split("##")[0]
    row = next(x for x in costs.splitlines() if x.startswith("| SCN | image random | "))
    # 5,976 weights, 112 of the norms, 231 of the last layer and 33 of α.
    assert "| 0.01 | 0.01 |" in row
    assert "–" not in row
    with pytest.raises(FerdeskError, match="did you mean 'ours'"):
        benchmark.run(benchmark.parser().parse_args([*call, "--methods", "our"]))
