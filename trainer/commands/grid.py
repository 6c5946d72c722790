"""What the commands that train a grid have in common: arguments, checks, the order of things."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from jsonargparse import ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.commands.options import training_parser
from trainer.compare.grid import Grid, Train
from trainer.compare.side_by_side import SideBySide
from trainer.config import TrainConfig
from trainer.training.progress import ProgressKind


class TrainCell(Protocol):
    """`trainer.run.train`, or more than it."""

    def __call__(
        self, config: TrainConfig, run: Path, cache: Path, progress: ProgressKind, label: str = ""
    ) -> None:
        """Train one cell. FerdeskError where that is impossible."""


def grid_parser(description: str, noises: list[str], out: str) -> ArgumentParser:
    """The shared arguments; `noises` and `out` are defaults."""
    parser = training_parser(description)
    parser.add_argument("--data", type=str, default="", help="LAYOUT:PATH")
    parser.add_argument(
        "--noise", type=str, nargs="+", default=noises,
        help="shares of wrong training labels, 0 for none, or 'natural' (FER+)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, default=3, help="seeds a cell, counted from --train.seed"
    )
    parser.add_argument(
        "--jobs", type=int, default=1,
        help="cells to train side by side, each in a process of its own with --train.threads",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path(out))
    return parser


def grid_base(options: Namespace) -> TrainConfig:
    """What all cells start from. FerdeskError without a data set."""
    from trainer.commands.options import train_config

    base = train_config(options.train)
    base = replace(base, data=options.data or base.data)
    if not base.data:
        raise FerdeskError("There is no data set to train on; give --data LAYOUT:PATH.")
    return replace(base, measure_on="test") if base.measure_on == "none" else base


def run_grid(
    grid: Grid[Any], options: Namespace, cell: TrainCell, page: Callable[[], Path]
) -> None:
    """Train what is missing, write the page after every cell, then print its path.

    FerdeskError for unreadable data, cells that failed, and a number of jobs that cannot be.
    """
    from trainer.data.sets import prepare

    own = partial(cell, cache=options.cache, progress=options.progress)
    train: Train | SideBySide = own
    if options.jobs != 1:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise FerdeskError(
                "Under torchrun all processes train one cell together; leave --jobs away."
            )
        train = SideBySide(options.jobs, options.out, own)
    # A wrong path ends here, not once in every cell.
    prepare(grid.base.data, options.cache, grid.base.align)
    # Of several processes one writes; each trains its part of every cell.
    first = os.environ.get("RANK", "0") == "0"
    grid.run(train, lambda: page() if first else None, writes=first)
    sys.stdout.write(f"{options.out / 'index.html'}\n")
