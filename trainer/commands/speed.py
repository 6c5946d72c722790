"""speed: how fast a run would be, and what it would wait for."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jsonargparse import ActionConfigFile, ArgumentParser, Namespace

from trainer.config import TrainConfig

_DATA = "synthetic:2000"


def parser() -> ArgumentParser:
    """The arguments of `speed`: those of a run, and how long to measure."""
    speed = ArgumentParser(
        allow_abbrev=False,
        description="Time the data path, the step and the whole loop of a run; nothing is trained.",
    )
    speed.add_argument("--config", action=ActionConfigFile, help="YAML file with any of these")
    speed.add_argument("--preset", type=str, default="", help="a file of trainer/presets")
    speed.add_argument(
        "--data", type=str, default="", help=f"LAYOUT:PATH; else --train.data, else {_DATA}"
    )
    speed.add_argument("--cache", type=Path, default=Path(".cache"))
    speed.add_argument("--seconds", type=float, default=10.0, help="about this long for each part")
    speed.add_argument("--json", action="store_true")
    speed.add_class_arguments(TrainConfig, "train")
    return speed


def run(options: Namespace) -> None:
    """Print the figures, as JSON or as a table."""
    from dataclasses import replace

    import torch

    from trainer.commands.options import train_config
    from trainer.training.run_data import run_data
    from trainer.training.speed import measure_speed, speed_text

    config = train_config(options.train)
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
