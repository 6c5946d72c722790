"""train: one run, from pictures to a checkpoint that the app opens."""

from __future__ import annotations

from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from trainer.commands.options import training_parser


def parser() -> ArgumentParser:
    """The arguments of `train`."""
    train = training_parser("Train; the same command goes on where it was stopped.")
    train.add_argument("--run", type=Path, default=Path("runs/live"), help="folder of the run")
    return train


def run(options: Namespace) -> None:
    """Train as the options say."""
    from trainer.run import train

    train(options.train, options.run, options.cache, options.progress)
