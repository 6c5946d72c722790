"""reproduce: the paper's ablation, every row, noise and seed."""

from __future__ import annotations

from jsonargparse import ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.commands.grid import grid_base, grid_parser, run_grid


def parser() -> ArgumentParser:
    """The arguments of `reproduce`."""
    reproduce = grid_parser(
        "Train baseline, +DWMCA, +DWMCA+APCL and +APCL alone at every noise with every seed, and "
        "write OUT/table1.md and index.html. The same command goes on where it was stopped; more "
        "noises or seeds may be added.",
        noises=["0.3"],
        out="runs/table1",
    )
    reproduce.add_argument("table", choices=("table1",), help="which table of the paper")
    return reproduce


def run(options: Namespace) -> None:
    """Train what is missing, then print the path of the page."""
    from trainer.compare.reproduce import Reproduction, plan
    from trainer.report.table1 import write_table1
    from trainer.run import train

    base = grid_base(options)
    if base.method != "ours":
        raise FerdeskError(
            "The rows of Table I are parts of the method 'ours'; leave --train.method."
        )
    reproduction = Reproduction(base, plan(options.noise, options.seeds, base.seed), options.out)
    run_grid(reproduction, options, train, lambda: write_table1(reproduction))
