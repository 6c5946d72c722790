"""speed: how fast a run would be, and where it would wait."""

from __future__ import annotations

import json
import sys

from jsonargparse import ArgumentParser, Namespace

from trainer.commands.options import add_train_options, check_options, command_parser
from trainer.config import TrainConfig

_DATA = "synthetic:2000"


def parser() -> ArgumentParser:
    """The arguments of `speed`: those of a run, and how long to measure."""
    speed = command_parser(
        "Time the data path, the step and the whole loop of a run; nothing is trained.",
    )
    add_train_options(speed)
    speed.add_argument(
        "--data", type=str, default="", help=f"LAYOUT:PATH; else --train.data, else {_DATA}"
    )
    speed.add_argument(
        "--seconds", type=float, default=10.0, help="seconds to measure each part, about"
    )
    speed.add_argument("--json", action="store_true", help="the figures as JSON")
    return speed


def run(options: Namespace) -> None:
    """Print the figures, as JSON or as a table."""
    from dataclasses import replace

    import torch

    from trainer.training.run_data import run_data
    from trainer.training.speed import measure_speed, speed_text

    check_options(options, seconds="(0, 3600]")
    config: TrainConfig = options.train
    config = replace(
        config, data=options.data or config.data or _DATA, holdout=0.0, measure_on="none"
    )
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    data = run_data(config, options.cache).sets
    results = measure_speed(data, config, options.seconds)
    if options.json:
        runs = [result.to_json() for result in results]
        layout = config.data.partition(":")[0]
        sys.stdout.write(json.dumps({"data": layout, "runs": runs}) + "\n")
    else:
        sys.stdout.write(speed_text(results))
