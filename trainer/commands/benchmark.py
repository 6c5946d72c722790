"""benchmark, reproduce: methods side by side on the same pictures, noises and seeds."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.commands.options import training_parser
from trainer.config import TrainConfig
from trainer.training.progress import ProgressKind

if TYPE_CHECKING:
    from trainer.compare.tuning import Budget

_GOES_ON = (
    "and write tables and plots to OUT/index.html and OUT/benchmark.md. The same command goes on "
    "where it was stopped"
)


def parser() -> ArgumentParser:
    """The arguments of `benchmark`."""
    from trainer.methods import METHODS, VARIANTS

    benchmark = _parser(
        f"Train every method at every noise with every seed, {_GOES_ON}; more methods, noises and "
        "seeds may be added.",
        noises=["0", "0.1", "0.2", "0.3"],
        out="runs/benchmark",
    )
    benchmark.add_argument(
        "--methods",
        type=str,
        nargs="+",
        default=["all"],
        help=f"names, or all for the methods {', '.join(METHODS)}, or ablation for the rows of "
        f"Table I; variants with other options: {', '.join(VARIANTS)}",
    )
    benchmark.add_argument(
        "--backbone", type=str, default="",
        help="one image backbone for all methods; without it ours has that of its architecture, "
        "the others --train.backbone",
    )  # fmt: skip
    benchmark.add_argument(
        "--tune", type=int, default=0,
        help="tries per method for its own constants and the learning rates, before the grid, "
        "which then uses the chosen ones; judged by held-out pictures with their noisy labels",
    )  # fmt: skip
    benchmark.add_argument("--tune-noise", type=str, default="0.2", help="noise of the tries")
    benchmark.add_argument(
        "--tune-pictures", type=int, default=2500, help="training pictures of a try, at most"
    )
    benchmark.add_argument("--tune-epochs", type=int, default=8, help="epochs of a try, at most")
    return benchmark


def reproduce_parser() -> ArgumentParser:
    """The arguments of `reproduce`."""
    reproduce = _parser(
        "Train the rows of the paper's Table I (baseline, +DWMCA, +DWMCA+APCL, and +APCL alone) at "
        f"every noise with every seed, {_GOES_ON}; more noises and seeds may be added. It is "
        "`benchmark --methods ablation` with defaults of its own.",
        noises=["0.3"],
        out="runs/table1",
    )
    reproduce.add_argument("table", choices=("table1",), help="which table of the paper")
    return reproduce


def run(options: Namespace) -> None:
    """Train what is missing of the shard, then print the path of the page."""
    from trainer.compare.methods import chosen, on_backbone

    base = _base(options)
    methods = chosen(options.methods)
    # Also without --backbone: a misspelt one ends here, not once in every cell.
    base = on_backbone(base, options.backbone) if options.backbone else base
    on_backbone(base, base.backbone)
    budget = None
    if options.tune:
        from trainer.compare.methods import noise_name
        from trainer.compare.tuning import Budget

        noise = noise_name(options.tune_noise)
        budget = Budget(options.tune, noise, options.tune_pictures, options.tune_epochs)
    _compare(base, methods, options, budget)


def run_reproduce(options: Namespace) -> None:
    """`run` for the rows of Table I."""
    from trainer.methods import GROUPS

    base = _base(options)
    if base.method != "ours":
        raise FerdeskError(
            "The rows of Table I are parts of the method 'ours'; drop --train.method."
        )
    _compare(base, GROUPS["ablation"], options)


def train_cell(
    config: TrainConfig, run: Path, cache: Path, progress: ProgressKind, label: str = ""
) -> None:
    """Train one cell and measure what its answers cost; what is there already is kept."""
    from trainer.compare.grid import REPORT, trained
    from trainer.measure.cost import keep_cost
    from trainer.report import write_report
    from trainer.run import train

    # Of several processes one writes; each trains its part.
    first = os.environ.get("RANK", "0") == "0"
    if not trained(run):
        train(config, run, cache, progress, label)
    elif first and not (run / REPORT).is_file():
        write_report(run, cache)
    if first:
        keep_cost(config, run)


def _parser(description: str, noises: list[str], out: str) -> ArgumentParser:
    """The shared arguments; `noises` and `out` are defaults."""
    parser = training_parser(description)
    parser.add_argument(
        "--data", type=str, default="", help="LAYOUT:PATH, for example rafdb:FOLDER or synthetic:N"
    )
    parser.add_argument(
        "--noise", type=str, nargs="+", default=noises,
        help="shares of wrong training labels: 0 for none, 0.3 for 30 %, or natural (FER+ only)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, default=3, help="seeds per method and noise, from --train.seed on"
    )
    parser.add_argument(
        "--jobs", type=int, default=1,
        help="cells to train side by side, each in a process of its own with --train.threads",
    )  # fmt: skip
    parser.add_argument(
        "--shard", type=str, default="1/1",
        help="i/n: train the i-th of n parts, side by side with the others on the same OUT",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path(out), help="the folder of runs and tables")
    return parser


def _base(options: Namespace) -> TrainConfig:
    """What all cells start from. FerdeskError without a data set."""
    base: TrainConfig = options.train
    base = replace(base, data=options.data or base.data)
    if not base.data:
        raise FerdeskError("There is no data set to train on; give --data LAYOUT:PATH.")
    return replace(base, measure_on="test") if base.measure_on == "none" else base


def _compare(
    base: TrainConfig, methods: Sequence[str], options: Namespace, budget: Budget | None = None
) -> None:
    """Tune where there is a budget, train what is missing, write the page after every cell, then
    print its path.

    FerdeskError for options that contradict each other or OUT, unreadable data, and cells that
    failed.
    """
    from trainer.compare.grid import Grid, Shard
    from trainer.compare.methods import check_parts, check_weights, plan
    from trainer.compare.side_by_side import SideBySide
    from trainer.compare.tuning import check_tuning, read_tuning, tune, untuned
    from trainer.data.sets import prepare
    from trainer.report.comparison import write_comparison

    check_weights(base, methods)
    check_parts(base, methods)
    cells = plan(options.noise, methods, options.seeds, base.seed)
    shard = Shard.parse(options.shard)
    check_tuning(options.out, budget)
    tuning = read_tuning(options.out)

    def grid_of() -> Grid:
        chosen = tuning.constants if tuning else lambda _: {}
        return Grid(base, cells, options.out, shard, lambda cell: chosen(cell.method))

    grid = grid_of()
    work = partial(train_cell, cache=options.cache, progress=options.progress)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        if options.jobs != 1:
            raise FerdeskError("Under torchrun all processes train one cell together; drop --jobs.")
        if budget is not None and untuned(methods, tuning):
            raise FerdeskError(
                "Tries are made by one process, or side by side with --jobs; run the same command "
                "without torchrun first, until OUT/tuning.json is there."
            )
    train = work if options.jobs == 1 else SideBySide(options.jobs, options.out, work)
    # A wrong path ends here, not once in every cell.
    prepare(base.data, options.cache, base.align)
    first = os.environ.get("RANK", "0") == "0"
    if budget is not None:
        tuning = tune(base, methods, budget, options.out, shard, train)
        grid = grid_of()
    grid.run(train, lambda: write_comparison(grid) if first else None, writes=first)
    sys.stdout.write(f"{options.out / 'index.html'}\n")
