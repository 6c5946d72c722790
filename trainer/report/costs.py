"""What each method of a comparison costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median

from trainer.compare.grid import Grid
from trainer.compare.methods import Cell
from trainer.measure.cost import Cost, read_cost
from trainer.measure.summary import RunSummary
from trainer.report.lines import LABELS, in_order
from trainer.report.tables import ABSENT, Table

_COST = (
    "One row per method, over all its runs. Parameters: those that are needed for an answer, and "
    "those that training needs. MACs: multiplications with an addition, for one "
    "crop. Times: milliseconds per picture in a batch of 32, and pictures per second of training "
    "(median over epochs and runs), on the device and under the load of that moment."
)


def costs(grid: Grid, results: Mapping[Cell, RunSummary]) -> Table:
    """A row per method, over all its runs."""
    rows = []
    for method in in_order({cell.method for cell in results}):
        runs = {cell: summary for cell, summary in results.items() if cell.method == method}
        known = [c for cell in runs if (c := read_cost(grid.folder(cell))) is not None]
        speed = median(s.pictures_per_second for s in runs.values())
        rows.append(
            (
                LABELS[method], _pretraining(next(iter(runs.values()))), *_cost(known),
                f"{speed:.0f}", f"{fmean(s.hours for s in runs.values()):.2f}",
            )
        )  # fmt: skip
    head = (
        "method", "pretraining", "parameters (M)", "kept in training (M)", "MACs (M)",
        "ms per picture", "pictures/s in training", "hours per run",
    )  # fmt: skip
    return Table(head, tuple(rows), _COST)


def _cost(known: Sequence[Cost]) -> tuple[str, ...]:
    if not known:
        return (ABSENT,) * 4
    one = known[0]
    time = median(cost.milliseconds for cost in known)
    return (
        f"{one.parameters / 1e6:.2f}", f"{one.training_parameters / 1e6:.2f}",
        f"{one.macs / 1e6:.0f}", f"{time:.2f}",
    )  # fmt: skip


def _pretraining(run: RunSummary) -> str:
    """The single-stream methods have no landmark stream to speak of."""
    return run.pretraining if run.method == "ours" else run.pretraining.partition(", landmarks")[0]
