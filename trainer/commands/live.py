"""live: everything from pictures to the checkpoint that ships with the app, in one command."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from ferdesk.resources import DEFAULT_CHECKPOINT
from trainer.commands.options import CACHE_HELP, check_options, command_parser, parsed
from trainer.ranges import THREADS

log = logging.getLogger(__name__)


_HOLDOUT = 0.17
"""As in the presets: after near-copies of training pictures are left out, 4,000 faces remain."""
_PRESETS = Path(__file__).parents[1] / "presets"


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the recipe that leaves one file; it is skipped once the file is there."""

    name: str
    result: Path
    run: Callable[[], None]


def parser() -> ArgumentParser:
    """The arguments of `live`."""
    live = command_parser(
        "Train, finish, calibrate and describe the app's checkpoint; with a GPU, "
        "`paper` is trained first and teaches it. The same command goes on where it was stopped.",
    )
    live.add_argument("--data", type=str, required=True, help="ferplus:DIR")
    live.add_argument(
        "--landmark-weights", type=Path | None, default=None,
        help="weights of MobileFaceNet, for the landmark stream of a teacher",
    )  # fmt: skip
    live.add_argument(
        "--image-weights", type=Path, required=True, help="weights of EfficientNet-lite0"
    )
    live.add_argument(
        "--teacher", type=bool | None, default=None, help="train `paper` first; default: with CUDA"
    )
    live.add_argument(
        "--teacher-image-weights",
        type=Path | None,
        default=None,
        help="weights of IR-50, if you have them",
    )
    live.add_argument(
        "--out",
        type=Path,
        default=Path("runs/shipped"),
        help="folder of the runs and the checkpoint",
    )
    live.add_argument("--cache", type=Path, default=Path(".cache"), help=CACHE_HELP)
    live.add_argument("--threads", type=int, default=2, help="CPU threads")
    return live


def run(options: Namespace) -> None:
    """Do the stages that are not done yet."""
    check_options(options, threads=THREADS)
    for stage in stages(options):
        if stage.result.is_file():
            log.info("%s: done before (%s)", stage.name, stage.result)
            continue
        log.info("%s …", stage.name)
        stage.run()
    log.info("the checkpoint is %s", options.out / DEFAULT_CHECKPOINT)


def stages(options: Namespace) -> list[Stage]:
    """The recipe in order."""
    import torch

    out: Path = options.out
    taught = torch.cuda.is_available() if options.teacher is None else options.teacher
    landmarks = options.landmark_weights
    weights = ["--train.landmark_weights", str(landmarks)] if landmarks else []
    first = ["--train.image_weights", str(options.image_weights)]
    made: list[Stage] = []
    if taught:
        own = options.teacher_image_weights
        image = ["--train.image_weights", str(own)] if own else []
        held = ["--train.holdout", str(_HOLDOUT)]
        made.append(_training(options, "teacher", "gpu", [*weights, *image, *held]))
        first += ["--train.teacher", json.dumps([str(made[-1].result)])]
    made.append(
        _training(options, "first", "live-ferplus-long" if taught else "live-ferplus", first)
    )
    start = ["--train.start_from", str(made[-1].result)]
    made.append(_training(options, "finish", "live-ferplus-finish", start))
    finished, shipped = made[-1].result, out / DEFAULT_CHECKPOINT

    to_calibrate = [
        str(finished), "--out", str(shipped), "--data", options.data, "--cache", str(options.cache),
        "--holdout", str(_HOLDOUT), "--threads", str(options.threads),
    ]  # fmt: skip
    card = out / "MODEL_CARD.md"
    made.append(Stage("calibrate", shipped, partial(_run, "calibrate", to_calibrate)))
    made.append(Stage("card", card, partial(_run, "card", [str(shipped), "--out", str(card)])))
    return made


def _run(command: str, arguments: list[str]) -> None:
    module = importlib.import_module(f"trainer.commands.{command}")
    module.run(parsed(module.parser(), arguments))


def _training(options: Namespace, name: str, preset: str, more: list[str]) -> Stage:
    folder: Path = options.out / name
    arguments = [
        "--config", str(_PRESETS / f"{preset}.yaml"), "--run", str(folder),
        "--cache", str(options.cache), "--train.data", options.data,
        "--train.threads", str(options.threads), *more,
    ]  # fmt: skip
    return Stage(name, folder / "model.safetensors", partial(_run, "train", arguments))
