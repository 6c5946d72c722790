"""The figures of a comparison for other programs, and its ranks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trainer.measure.ranks import Ranks, ranked
from trainer.methods import METHODS, VARIANTS
from trainer.report import plots as figures
from trainer.report.blocks import Block, Plot
from trainer.report.lines import LABELS
from trainer.report.seeds import Seeds
from trainer.report.tables import Table

Tables = Mapping[str, Mapping[str, Seeds]]
"""By noise and method."""

_RANKS = (
    "Mean rank of the accuracies above over {n} blocks, every noise with every seed; 1 is best. "
    "Friedman's test of all methods being equally good: p {p}. Two methods whose mean ranks differ "
    "by less than {cd:.2f}, Nemenyi's critical difference at 5 %, cannot be told apart (Demšar "
    "2006): their bars overlap. Blocks share test pictures, and those of one noise its wrong "
    "labels, so the true difference needed is rather larger."
)


def ranks(tables: Tables) -> Ranks | None:
    """Of the methods, and of the variants that have every block that all methods have.

    A block is one seed at one noise. None for fewer than three lines or two blocks.
    """
    lines = {m for own in tables.values() for m in own}
    blocks: dict[str, dict[tuple[str, int], float]] = {
        line: {
            (noise, seed): run.measured["final"].accuracy.mean
            for noise, own in tables.items()
            if line in own
            for seed, run in own[line].runs.items()
        }
        for line in (*METHODS, *VARIANTS)
        if line in lines
    }
    core = [set(blocks[m]) for m in METHODS if m in blocks] or [set(b) for b in blocks.values()]
    if not core:
        return None
    shared = sorted(set.intersection(*core))
    ranked_lines = {m: own for m, own in blocks.items() if set(shared) <= set(own)}
    return ranked({m: [own[b] for b in shared] for m, own in ranked_lines.items()})


def rank_blocks(tables: Tables) -> Iterator[Block]:
    """The ranks, drawn and as a table; nothing where there is too little to rank."""
    found = ranks(tables)
    if found is None:
        return
    p = "< 0.001" if found.friedman < 0.001 else f"{found.friedman:.3f}"
    caption = _RANKS.format(n=found.blocks, p=p, cd=found.critical)
    rows = tuple(
        (LABELS[m], f"{rank:.2f}", "; ".join(LABELS[x] for x in found.alike(m)) or "none")
        for m, rank in found.mean.items()
    )
    drawn = figures.ranks_compared({LABELS[m]: r for m, r in found.mean.items()}, found.critical)
    table = Table(("method", "mean rank", "cannot be told apart from"), rows, words=True)
    yield Plot("Mean ranks", drawn, caption, table)


def numbers(tables: Tables) -> dict[str, Any]:
    """For benchmark.json: shares in [0, 1], seeds as text."""
    found = ranks(tables)
    return {
        "noises": {
            noise: {m: _line(line) for m, line in lines.items()} for noise, lines in tables.items()
        },
        "ranks": None
        if found is None
        else {
            "mean": dict(found.mean),
            "blocks": found.blocks,
            "friedman_p": found.friedman,
            "critical_difference": found.critical,
        },
    }


def _line(line: Seeds) -> dict[str, Any]:
    return {
        "accuracy": line.over("accuracy").mean,
        "deviation": line.over("accuracy").std,
        "interval": line.interval,
        "last_epoch": line.last_epoch.mean,
        "mean_class_accuracy": line.over("mean_class_accuracy").mean,
        "macro_f1": line.over("macro_f1").mean,
        "seeds": {
            str(seed): run.measured["final"].accuracy.mean for seed, run in line.runs.items()
        },
    }
