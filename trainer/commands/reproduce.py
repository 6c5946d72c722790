"""reproduce: the paper's ablation, every row, noise and seed."""

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
    """The arguments of `reproduce`."""
    reproduce = ArgumentParser(
        allow_abbrev=False,
        description="Train baseline, +DWMCA, +DWMCA+APCL and +APCL alone at every noise with every "
        "seed, and write OUT/table1.md and index.html. The same command goes on where it was "
        "stopped; more noises or seeds may be added.",
        print_config="--print-%s",
    )
    reproduce.add_argument("table", choices=("table1",), help="which table of the paper")
    reproduce.add_argument("--config", action=ActionConfigFile, help="YAML file with any of these")
    reproduce.add_argument("--preset", type=str, default="", help="a file of trainer/presets")
    reproduce.add_argument("--data", type=str, default="", help="LAYOUT:PATH")
    reproduce.add_argument(
        "--noise", type=str, nargs="+", default=["0.3"],
        help="shares of wrong training labels, 0 for none, or 'natural' (FER+)",
    )  # fmt: skip
    reproduce.add_argument(
        "--seeds", type=int, default=3, help="seeds a cell, counted from --train.seed"
    )
    reproduce.add_argument("--out", type=Path, default=Path("runs/table1"))
    reproduce.add_argument("--cache", type=Path, default=Path(".cache"))
    reproduce.add_argument(
        "--progress", type=ProgressKind, default="auto", help="bar, plain lines, or JSON lines"
    )
    reproduce.add_class_arguments(TrainConfig, "train")
    return reproduce


def run(options: Namespace) -> None:
    """Train what is missing, then print the path of the page."""
    from trainer.commands.train import train, train_config
    from trainer.data.sets import prepare
    from trainer.report.table1 import write_table1
    from trainer.reproduce import Reproduction, plan

    base = train_config(options.train)
    base = replace(base, data=options.data or base.data)
    if not base.data:
        raise FerdeskError("There is no data set to train on; give --data LAYOUT:PATH.")
    if base.method != "ours":
        raise FerdeskError(
            "The rows of Table I are parts of the method 'ours'; leave --train.method."
        )
    if base.measure_on == "none":
        base = replace(base, measure_on="test")
    reproduction = Reproduction(base, plan(options.noise, options.seeds, base.seed), options.out)
    # A wrong path ends here, not once in every cell.
    prepare(base.data, options.cache, base.align)

    def one(config: TrainConfig, folder: Path) -> None:
        train(config, folder, options.cache, options.progress)

    # Of several processes one writes; each trains its part of every cell.
    first = os.environ.get("RANK", "0") == "0"
    reproduction.run(one, lambda: write_table1(reproduction) if first else None, writes=first)
    sys.stdout.write(f"{options.out / 'index.html'}\n")
