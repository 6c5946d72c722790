"""The page of a grid: every method in our figures, and the papers' apart."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.compare.fake_grid import BASE, THREE, Trainer, grid, nothing, page
from tests.unit.trainer.hostile import NAME, check_html, check_markdown
from trainer.config import NoiseConfig
from trainer.methods import GROUPS, VARIANTS


def table(text: str, head: str) -> dict[str, list[str]]:
    """The first table whose head begins so: cells by what stands in the first column."""
    lines = text.split(f"| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    rows = [line.strip("| ").split(" | ") for line in lines]
    return {row[0]: row[1:] for row in rows}


def test_the_page_shows_every_method_and_keeps_papers_apart(tmp_path: Path) -> None:
    g = grid(tmp_path, "0", "0.3", seeds=2)
    g.run(Trainer(), nothing)
    ours, cited = page(g).split("## Cited from papers")
    clean, noisy = ours.split("## Labels as they are")[1].split("## 30 % symmetric noise")
    assert {name: row[0] for name, row in table(noisy, "method").items()} == dict.fromkeys(
        ("DWMCA+APCL", "cross entropy", "SCN"), "2"
    )
    # Both seeds are the same fake run, so there is no deviation.
    summary = next(s for c, s in g.results().items() if c.folder == "0/seed-1/scn")
    accuracy = summary.measured["final"].accuracy.mean
    # Three epochs: their last tenth is the last.
    row = table(clean, "method")["SCN"]
    assert row[1] == row[2] == f"{100 * accuracy:.2f} ± 0.00"
    assert accuracy == summary.last_epoch_accuracy
    assert "1 of 3 epochs" in clean
    for against in ("cross entropy", "DWMCA+APCL"):
        rows = table(noisy, f"against {against}")
        assert set(rows) == {"cross entropy", "DWMCA+APCL", "SCN"} - {against}
        # Points over the seeds, an interval of the last answers, a p per seed.
        gained, bounds, chances = rows["SCN"]
        assert gained.startswith("+")
        low, high = (float(x.replace("−", "-")) for x in bounds.split(" to "))
        assert low < high
        assert chances.count(",") == 1
    assert "### Memorisation" in noisy
    assert "| SCN corrected (%) |" in noisy
    assert "### Memorisation" not in clean
    assert "84.42" not in ours
    told = table(ours, "method | differs from its released code in")
    assert set(told) == {"DWMCA+APCL", "SCN"}
    assert "low_group_only" in told["SCN"][0]
    assert "cannot be compared" in cited
    assert "84.42" in cited
    html = (tmp_path / "index.html").read_text()
    assert 'src="http' not in html
    assert 'href="http' not in html
    assert "<script" not in html
    assert html.count("<svg") == 1 + 1 + 2 + 1
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("undrawn")
def test_ranks_and_figures_for_other_programs(tmp_path: Path) -> None:
    g = grid(tmp_path, "0", "0.3", "natural", methods=(*THREE, "ours_flip"), seeds=2)
    g.run(Trainer(), nothing)
    # The variant has one cell less than the methods, so it is not ranked with them.
    cell = next(c for c in g.wanted if c.folder == "natural/seed-2/ours_flip")
    (g.folder(cell) / "report" / "index.html").unlink()
    rows = table(page(g), "method | mean rank")
    kept = json.loads((tmp_path / "benchmark.json").read_text())
    assert set(rows) == {"DWMCA+APCL", "cross entropy", "SCN"}
    # The made-up SCN answers best, ours worst, at every noise with every seed.
    assert [row[0] for row in rows.values()] == ["1.00", "2.00", "3.00"]
    assert list(rows) == ["SCN", "cross entropy", "DWMCA+APCL"]
    assert rows["SCN"][1] == "cross entropy"
    assert kept["ranks"]["blocks"] == 6
    assert kept["ranks"]["mean"] == {"scn": 1.0, "cross_entropy": 2.0, "ours": 3.0}
    scn = kept["noises"]["0.3"]["scn"]
    summary = next(s for c, s in g.results().items() if c.folder == "0.3/seed-1/scn")
    assert scn["seeds"]["1"] == scn["accuracy"] == summary.measured["final"].accuracy.mean
    low, high = scn["interval"]
    assert low < scn["accuracy"] < high
    # Two seeds with the same answers: the interval of 60 pictures, as the table shows it.
    shown = table(page(g).split("## 30 %")[1], "method")["SCN"][3]
    assert shown == f"{100 * low:.1f} to {100 * high:.1f}"


@pytest.mark.usefixtures("undrawn")
def test_recovery_and_damage_are_told_of_every_answer_under_noise(tmp_path: Path) -> None:
    g = grid(tmp_path, "0", "0.3", methods=("ours", "ours_dwmca", "scn"))
    g.run(Trainer(), nothing)
    clean, noisy = page(g).split("## 30 % symmetric noise")
    assert "recovery" not in clean
    rows = table(noisy, "method | recovery (%)")
    # p is another answer only where something corrects it.
    assert list(rows) == ["DWMCA+APCL", "DWMCA+APCL: p", "SCN", "Table I: +DWMCA"]
    ours = next(s for c, s in g.results().items() if c.folder == "0.3/seed-1/ours")
    for label, name in (("DWMCA+APCL", "final"), ("DWMCA+APCL: p", "p")):
        figures = ours.purification[name]
        shares = [figures.recovery, figures.memorised, figures.damage]
        assert rows[label][:3] == [f"{100 * share:.1f}" for share in shares if share is not None]
        assert rows[label][3] == f"{figures.auroc:.3f}"
    other = table(noisy, "method | accuracy of p (%)")
    assert other["DWMCA+APCL"][0] == f"{100 * ours.measured['p'].accuracy.mean:.2f}"
    assert other["SCN"][0] == other["Table I: +DWMCA"][0] == "–"
    assert other["SCN"][1] != "–"


@pytest.mark.usefixtures("undrawn")
def test_table_1_is_in_the_papers_order_and_against_its_baseline(tmp_path: Path) -> None:
    base = replace(BASE, data="rafdb:x", noise=NoiseConfig("symmetric", 0.3, seed=5))
    g = grid(tmp_path, "0", "0.3", "natural", methods=GROUPS["ablation"], base=base)
    g.run(Trainer(), nothing)
    text = page(g).split("## Cited from")[0]
    clean, noisy, natural = text.split("## Labels as they are")[1].split("\n## ")[:3]
    assert natural.startswith("Natural noise")
    assert "cited" not in clean + natural
    rows = table(noisy, "method")
    assert list(rows) == [
        "Table I: baseline", "Table I: +DWMCA", "DWMCA+APCL", "Table I: +APCL",
    ]  # fmt: skip
    assert [row[-1] for row in rows.values()] == ["71.43", "78.57", "87.22", "not in the paper"]
    against = table(noisy, "against Table I: baseline")
    assert list(against) == ["Table I: +DWMCA", "DWMCA+APCL", "Table I: +APCL"]
    facts = text.split("## All methods")[0]
    assert "| image backbone | mobilenet |" in facts
    assert "| seed of the noise | 5 |" in facts


@pytest.mark.usefixtures("undrawn")
def test_papers_stand_beside_the_same_pictures_only(tmp_path: Path) -> None:
    two = ("eac", "ours_dwmca")
    g = grid(tmp_path / "raf", "0", "0.3", methods=two, base=replace(BASE, data="rafdb:x"))
    g.run(Trainer(), nothing)
    text = page(g)
    clean, noisy = text.split("## Cited from")[0].split("## 30 % symmetric noise")
    assert "cited" not in clean.split("## Labels as they are")[1]
    rows = table(noisy, "method")
    assert (rows["EAC"][-1], rows["Table I: +DWMCA"][-1]) == ("84.42", "78.57")
    assert "best epoch, chosen on these pictures (%)" in noisy
    assert "cannot be compared" not in text
    other = grid(tmp_path / "fer", methods=two)
    other.run(Trainer(), nothing)
    ours, cited = page(other).split("## Cited from papers")
    assert "78.57" not in ours
    assert "cannot be compared" in cited
    assert "78.57" in cited


@pytest.mark.usefixtures("undrawn")
def test_variants_stand_beside_their_method(tmp_path: Path) -> None:
    g = grid(tmp_path, "0.3", methods=("ours", *VARIANTS))
    trainer = Trainer()
    g.run(trainer, nothing)
    assert trainer.trained == [f"0.3/seed-1/{name}" for name in ("ours", *VARIANTS)]
    text = page(g)
    assert all(f"| {VARIANTS[name].label} | 1 |" in text for name in VARIANTS)
    assert "| image backbone | ours mobilenet, the others resnet18 |" in text


@pytest.mark.usefixtures("undrawn")
def test_costs_are_told_per_method(tmp_path: Path) -> None:
    g = grid(tmp_path, methods=THREE)
    g.run(Trainer(), nothing)
    rows = table(page(g), "method | pretraining")
    assert list(rows) == ["DWMCA+APCL", "cross entropy", "SCN"]
    assert rows["SCN"][0] == "image random"
    assert rows["DWMCA+APCL"][0] == "image random, landmarks random"
    assert rows["SCN"][1:5] == ["0.01", "0.01", "0", "1.00"]


def test_foreign_names_stay_text(tmp_path: Path) -> None:
    g = grid(tmp_path, methods=THREE, base=replace(BASE, data=f"{NAME}:x"))
    with pytest.raises(FerdeskError, match="1 of 3 cells failed"):
        g.run(Trainer(fail="scn", error=FerdeskError(NAME)), nothing)
    check_markdown(page(g))
    check_html((tmp_path / "index.html").read_text())
