"""benchmark: all methods on the same pictures, noises, seeds and, if wanted, backbone."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from jsonargparse import ActionConfigFile, ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig
from trainer.progress import ProgressKind


def parser() -> ArgumentParser:
    """The arguments of `benchmark`."""
    benchmark = ArgumentParser(
        allow_abbrev=False,
        description="Train every method at every noise with every seed, and write OUT/benchmark.md "
        "and index.html. The same command goes on where it was stopped; more methods, noises and "
        "seeds may be added.",
        print_config="--print-%s",
    )
    benchmark.add_argument("--config", action=ActionConfigFile, help="YAML file with any of these")
    benchmark.add_argument("--preset", type=str, default="", help="a file of trainer/presets")
    benchmark.add_argument("--data", type=str, default="", help="LAYOUT:PATH")
    benchmark.add_argument(
        "--methods",
        type=str,
        nargs="+",
        default=["all"],
        help="all, or names of trainer.methods: METHODS and VARIANTS",
    )
    benchmark.add_argument(
        "--noise", type=str, nargs="+", default=["0", "0.1", "0.2", "0.3"],
        help="shares of wrong training labels, 0 for none, or 'natural' (FER+)",
    )  # fmt: skip
    benchmark.add_argument(
        "--seeds", type=int, default=3, help="seeds a cell, counted from --train.seed"
    )
    benchmark.add_argument(
        "--backbone", type=str, default="",
        help="one backbone for all methods; empty: --train.backbone, and ours its own",
    )  # fmt: skip
    benchmark.add_argument(
        "--shard", type=str, default="1/1",
        help="i/n: train the i-th of n parts, side by side with the others on the same OUT",
    )  # fmt: skip
    benchmark.add_argument("--out", type=Path, default=Path("runs/benchmark"))
    benchmark.add_argument("--cache", type=Path, default=Path(".cache"))
    benchmark.add_argument(
        "--progress", type=ProgressKind, default="auto", help="bar, plain lines, or JSON lines"
    )
    benchmark.add_class_arguments(TrainConfig, "train")
    return benchmark


def run(options: Namespace) -> None:
    """Train what is missing of the shard, then print the path of the page."""
    from trainer.commands.train import train, train_config
    from trainer.comparison import Comparison, Shard, check_weights, chosen, on_backbone, plan
    from trainer.cost import keep_cost
    from trainer.data.sets import prepare
    from trainer.report.benchmark import write_benchmark

    base = train_config(options.train)
    base = replace(base, data=options.data or base.data)
    if not base.data:
        raise FerdeskError("There is no data set to train on; give --data LAYOUT:PATH.")
    if base.measure_on == "none":
        base = replace(base, measure_on="test")
    methods = chosen(options.methods)
    # Also without --backbone: a misspelt one ends here, not once in every cell.
    base = on_backbone(base, options.backbone) if options.backbone else base
    on_backbone(base, base.backbone)
    check_weights(base, methods)
    cells = plan(options.noise, methods, options.seeds, base.seed)
    comparison = Comparison(base, cells, options.out, Shard.parse(options.shard))
    prepare(base.data, options.cache, base.align)
    # Of several processes one writes; each trains its part of every cell.
    first = os.environ.get("RANK", "0") == "0"

    def one(config: TrainConfig, folder: Path) -> None:
        train(config, folder, options.cache, options.progress)
        if first:
            keep_cost(config, folder)

    comparison.run(one, lambda: write_benchmark(comparison) if first else None, writes=first)
    sys.stdout.write(f"{options.out / 'index.html'}\n")
