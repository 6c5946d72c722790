"""The trainer's command line: prepare, train, evaluate, calibrate, card, convert."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jsonargparse import ActionConfigFile, ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig

PRESETS = Path(__file__).parent / "presets"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m trainer", description="Train and measure ferdesk's network."
    )
    commands = parser.add_subcommands(required=True, dest="command")

    prepare = ArgumentParser(description="Crop a data set into the cache.")
    prepare.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    prepare.add_argument("--cache", type=Path, default=Path(".cache"))
    commands.add_subcommand("prepare", prepare, help="crop a data set into the cache")

    train = ArgumentParser(description="Train; the same command goes on where it was stopped.")
    train.add_argument("--config", action=ActionConfigFile, help="YAML file with any of these")
    train.add_argument("--preset", type=str, default="", help="a file of trainer/presets")
    train.add_argument("--run", type=Path, default=Path("runs/live"), help="folder of the run")
    train.add_argument("--cache", type=Path, default=Path(".cache"))
    train.add_class_arguments(TrainConfig, "train")
    commands.add_subcommand("train", train, help="train a checkpoint")

    evaluate = ArgumentParser(description="Measure a checkpoint on one part of a data set.")
    evaluate.add_argument("checkpoint", type=Path)
    evaluate.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    evaluate.add_argument("--split", type=str, default="valid", choices=("train", "valid", "test"))
    evaluate.add_argument("--cache", type=Path, default=Path(".cache"))
    evaluate.add_argument("--json", action="store_true")
    commands.add_subcommand("evaluate", evaluate, help="measure a checkpoint")

    calibrate = ArgumentParser(
        description="Fit calibration and reliability on held-out training pictures, measure them "
        "on the valid split, and store both in the checkpoint's card."
    )
    calibrate.add_argument("checkpoint", type=Path)
    calibrate.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    calibrate.add_argument("--out", type=Path, help="file to write (default: the checkpoint)")
    calibrate.add_argument("--cache", type=Path, default=Path(".cache"))
    calibrate.add_argument("--holdout", type=float, default=0.05, help="as in the training")
    calibrate.add_argument("--seed", type=int, default=1, help="as in the training")
    calibrate.add_argument("--threads", type=int, default=2)
    commands.add_subcommand("calibrate", calibrate, help="fit and measure its confidence")

    card = ArgumentParser(description="Write MODEL_CARD.md from a checkpoint's own card.")
    card.add_argument("checkpoint", type=Path)
    card.add_argument("--out", type=Path, default=Path("MODEL_CARD.md"))
    commands.add_subcommand("card", card, help="write the model card")

    convert = ArgumentParser(description="Turn a plain state dict into a checkpoint for the app.")
    convert.add_argument("weights", type=Path, help=".pt/.pth with a plain state dict")
    convert.add_argument(
        "--like", type=Path, required=True, help="a checkpoint of its architecture"
    )
    convert.add_argument("--out", type=Path, required=True)
    commands.add_subcommand("convert", convert, help="convert a state dict")
    return parser


def _preset_arguments(argv: list[str]) -> list[str]:
    """Put the named preset in front of the other arguments, so that these override it."""
    if "--preset" not in argv:
        return argv
    position = argv.index("--preset")
    if position + 1 >= len(argv):
        return argv
    name = argv[position + 1]
    path = PRESETS / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in PRESETS.glob("*.yaml")))
        raise FerdeskError(f"There is no preset '{name}'; the presets are {known}.")
    return [argv[0], "--config", str(path), *argv[1:]]


def _run(args: Namespace) -> None:
    from trainer import commands

    options = args[args.command]
    match args.command:
        case "prepare":
            commands.prepare_data(options.data, options.cache)
        case "train":
            commands.train(_train_config(options.train), options.run, options.cache)
        case "evaluate":
            result = commands.evaluate(
                options.checkpoint, options.data, options.split, options.cache
            )
            if options.json:
                sys.stdout.write(json.dumps(result) + "\n")
            else:
                sys.stdout.write(commands.evaluation_text(result))
        case "calibrate":
            from trainer.calibrate import calibrate
            from trainer.report import report

            card = calibrate(
                options.checkpoint, options.data, options.cache,
                options.out or options.checkpoint, holdout=options.holdout, seed=options.seed,
                threads=options.threads,
            )  # fmt: skip
            sys.stdout.write(report(card))
        case "card":
            commands.write_card(options.checkpoint, options.out)
        case "convert":
            commands.convert(options.weights, options.like, options.out)


def _train_config(options: Namespace) -> TrainConfig:
    from trainer.augment import AugmentConfig

    values: dict[str, Any] = options.as_dict()
    return TrainConfig(**{**values, "augment": AugmentConfig(**values["augment"])})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 2 with one sentence when it could not."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    try:
        _run(_parser().parse_args(_preset_arguments(list(argv or sys.argv[1:]))))
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; the same command goes on after the last finished epoch.\n")
        return 130
    return 0
