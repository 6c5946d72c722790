"""calibrate: fit what a checkpoint may claim, and measure it."""

from __future__ import annotations

import sys
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from trainer.commands.options import CACHE_HELP, check_options, command_parser
from trainer.ranges import SEEDS, THREADS


def parser() -> ArgumentParser:
    """The arguments of `calibrate`."""
    calibrate = command_parser(
        "Fit calibration and reliability on held-out training pictures, measure them "
        "on the valid split, and store both in the checkpoint's card.",
    )
    calibrate.add_argument("checkpoint", type=Path, help="file to calibrate")
    calibrate.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    calibrate.add_argument("--out", type=Path, help="file to write (default: the checkpoint)")
    calibrate.add_argument("--cache", type=Path, default=Path(".cache"), help=CACHE_HELP)
    calibrate.add_argument("--holdout", type=float, default=0.05, help="as in the training")
    calibrate.add_argument("--seed", type=int, default=1, help="as in the training")
    calibrate.add_argument(
        "--mirror", action="store_true",
        help="answers are the mean over a face and its mirror image, in the app too: a little "
        "better, at twice the network's time",
    )  # fmt: skip
    calibrate.add_argument(
        "--half", action="store_true",
        help="round the image network's kernels to 16 bits: a smaller file",
    )  # fmt: skip
    calibrate.add_argument("--threads", type=int, default=2, help="CPU threads")
    return calibrate


def run(options: Namespace) -> None:
    """Write the calibrated checkpoint and print what was measured."""
    from trainer.confidence.calibrate import calibrate
    from trainer.confidence.summary import claims

    check_options(options, holdout="(0, 1)", seed=SEEDS, threads=THREADS)
    card = calibrate(
        options.checkpoint, options.data, options.cache, options.out or options.checkpoint,
        holdout=options.holdout, seed=options.seed, threads=options.threads, mirror=options.mirror,
        half=options.half,
    )  # fmt: skip
    sys.stdout.write(claims(card))
