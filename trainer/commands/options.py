"""What every command that trains takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jsonargparse import ActionConfigFile, ArgumentParser, Namespace

from trainer.config import TrainConfig
from trainer.training.progress import ProgressKind


def training_parser(description: str) -> ArgumentParser:
    """A configuration from files and options, the cache, and how progress is shown."""
    parser = ArgumentParser(allow_abbrev=False, description=description, print_config="--print-%s")
    parser.add_argument("--config", action=ActionConfigFile, help="YAML file with any of these")
    parser.add_argument("--preset", type=str, default="", help="a file of trainer/presets")
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument(
        "--progress", type=ProgressKind, default="auto", help="bar, plain lines, or JSON lines"
    )
    parser.add_class_arguments(TrainConfig, "train")
    return parser


def train_config(options: Namespace) -> TrainConfig:
    """The nested dataclasses of the parsed `train` group."""
    values: dict[str, Any] = options.as_dict()
    defaults = TrainConfig()
    for name, value in values.items():
        if isinstance(value, dict):
            values[name] = type(getattr(defaults, name))(**value)
    return TrainConfig(**values)
