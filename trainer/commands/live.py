"""live: everything from pictures to the checkpoint that ships with the app, in one command."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

from jsonargparse import ArgumentParser, Namespace

from ferdesk.resources import DEFAULT_CHECKPOINT
from trainer.commands.options import CACHE_HELP, check_options, command_parser, parsed
from trainer.config import PrecisionChoice
from trainer.ranges import THREADS

log = logging.getLogger(__name__)


_HOLDOUT = 0.17
"""As in the presets: after near-copies of training pictures are left out, 4,000 faces remain."""
_WITNESS_WEIGHT = 2.0
"""Of 1, 2 and 4 the best on held-out faces (docs/results.md)."""
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
        "Train teachers, the app's checkpoint under them, calibrate and describe it. The same "
        "command goes on where it was stopped.",
    )
    live.add_argument("--data", type=str, required=True, help="ferplus:DIR")
    live.add_argument(
        "--image-weights", type=Path, required=True, help="weights of MobileNet (faceres-deep.json)"
    )
    live.add_argument(
        "--teachers", type=Path, nargs="+", default=[],
        help="checkpoints that teach; none is trained then",
    )  # fmt: skip
    live.add_argument(
        "--own-teachers", type=int, default=2,
        help="how many are trained first, each by another seed; with CUDA the first is `paper`",
    )  # fmt: skip
    live.add_argument(
        "--landmark-weights", type=Path | None, default=None,
        help="weights of MobileFaceNet, for the landmark stream of `paper`",
    )  # fmt: skip
    live.add_argument(
        "--teacher-image-weights",
        type=Path | None,
        default=None,
        help="weights of IR-50 for `paper`, if you have them",
    )
    live.add_argument(
        "--out",
        type=Path,
        default=Path("runs/shipped"),
        help="folder of the runs and the checkpoint",
    )
    live.add_argument("--cache", type=Path, default=Path(".cache"), help=CACHE_HELP)
    live.add_argument("--threads", type=int, default=2, help="CPU threads")
    live.add_argument(
        "--precision", choices=get_args(PrecisionChoice), default="auto",
        help="numbers of the trainings; bf16 is faster on CPUs with AMX. auto: bf16 on CUDA alone",
    )  # fmt: skip
    return live


def run(options: Namespace) -> None:
    """Do the stages that are not done yet."""
    check_options(options, threads=THREADS, own_teachers="[0, 16]")
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
    image = ["--train.image_weights", str(options.image_weights)]
    made: list[Stage] = []
    if not options.teachers:
        for i in range(options.own_teachers):
            name, seed = f"teacher-{i + 1}", ["--train.seed", str(i + 2)]
            if torch.cuda.is_available() and i == 0:
                made.append(_training(options, name, "gpu", [*_of_paper(options), *seed]))
            else:
                made.append(_training(options, name, "live-ferplus-long", [*image, *seed]))
    teachers = [str(file) for file in options.teachers] or [str(stage.result) for stage in made]
    taught = ["--train.teacher", json.dumps(teachers)]
    made.append(_training(options, "student", "live-ferplus", [*image, *taught]))
    shipped, finished = out / DEFAULT_CHECKPOINT, out / "witnessed.safetensors"
    shared = [
        "--data", options.data, "--cache", str(options.cache), "--holdout", str(_HOLDOUT),
        "--threads", str(options.threads),
    ]  # fmt: skip
    # Trained apart, the witness is better than the one that grew up with the student.
    student = str(made[-1].result)
    to_witness = [student, "--out", str(finished), "--weight", str(_WITNESS_WEIGHT), *shared]
    made.append(Stage("witness", finished, partial(_run, "witness", to_witness)))
    to_calibrate = [str(finished), "--out", str(shipped), "--half", *shared]
    card = out / "MODEL_CARD.md"
    made.append(Stage("calibrate", shipped, partial(_run, "calibrate", to_calibrate)))
    made.append(Stage("card", card, partial(_run, "card", [str(shipped), "--out", str(card)])))
    return made


def _of_paper(options: Namespace) -> list[str]:
    given = {
        "--train.landmark_weights": options.landmark_weights,
        "--train.image_weights": options.teacher_image_weights,
        "--train.holdout": _HOLDOUT,
    }
    return [word for key, value in given.items() if value for word in (key, str(value))]


def _run(command: str, arguments: list[str]) -> None:
    module = importlib.import_module(f"trainer.commands.{command}")
    module.run(parsed(module.parser(), arguments))


def _training(options: Namespace, name: str, preset: str, more: list[str]) -> Stage:
    folder: Path = options.out / name
    arguments = [
        "--config", str(_PRESETS / f"{preset}.yaml"), "--run", str(folder),
        "--cache", str(options.cache), "--train.data", options.data,
        "--train.threads", str(options.threads),
        "--train.precision", options.precision, *more,
    ]  # fmt: skip
    return Stage(name, folder / "model.safetensors", partial(_run, "train", arguments))
