"""benchmark: all methods on the same pictures, noises, seeds and, if wanted, backbone."""

from __future__ import annotations

import os
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from trainer.commands.grid import grid_base, grid_parser, run_grid
from trainer.config import TrainConfig
from trainer.training.progress import ProgressKind


def parser() -> ArgumentParser:
    """The arguments of `benchmark`."""
    benchmark = grid_parser(
        "Train every method at every noise with every seed, and write OUT/benchmark.md and "
        "index.html. The same command goes on where it was stopped; more methods, noises and "
        "seeds may be added.",
        noises=["0", "0.1", "0.2", "0.3"],
        out="runs/benchmark",
    )
    benchmark.add_argument(
        "--methods",
        type=str,
        nargs="+",
        default=["all"],
        help="all, ablation (Table I), or names of trainer.methods: METHODS and VARIANTS",
    )
    benchmark.add_argument(
        "--backbone", type=str, default="",
        help="one backbone for all methods; empty: --train.backbone, and ours its own",
    )  # fmt: skip
    benchmark.add_argument(
        "--shard", type=str, default="1/1",
        help="i/n: train the i-th of n parts, side by side with the others on the same OUT",
    )  # fmt: skip
    return benchmark


def run(options: Namespace) -> None:
    """Train what is missing of the shard, then print the path of the page."""
    from trainer.compare.methods import Comparison, Shard, check_weights, chosen, on_backbone, plan
    from trainer.report.comparison import write_benchmark

    base = grid_base(options)
    methods = chosen(options.methods)
    # Also without --backbone: a misspelt one ends here, not once in every cell.
    base = on_backbone(base, options.backbone) if options.backbone else base
    on_backbone(base, base.backbone)
    check_weights(base, methods)
    cells = plan(options.noise, methods, options.seeds, base.seed)
    comparison = Comparison(base, cells, options.out, Shard.parse(options.shard))
    run_grid(comparison, options, train_and_weigh, lambda: write_benchmark(comparison))


def train_and_weigh(
    config: TrainConfig, run: Path, cache: Path, progress: ProgressKind, label: str = ""
) -> None:
    """Train one cell, and measure what its answers cost."""
    from trainer.measure.cost import keep_cost
    from trainer.run import train

    train(config, run, cache, progress, label)
    if os.environ.get("RANK", "0") == "0":
        keep_cost(config, run)
