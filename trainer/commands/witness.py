"""witness: train the landmark witness of a finished checkpoint, whatever its other streams are."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from trainer.commands.options import CACHE_HELP, check_options, command_parser
from trainer.ranges import SEEDS, THREADS


def parser() -> ArgumentParser:
    """The arguments of `witness`."""
    witness = command_parser(
        "Train what the landmarks alone say (p_lm) for a finished checkpoint; the rest of its "
        "network stays as it is. Calibrate the result."
    )
    witness.add_argument("checkpoint", type=Path, help="file to start from")
    witness.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    witness.add_argument("--out", type=Path, required=True, help="file to write")
    witness.add_argument("--cache", type=Path, default=Path(".cache"), help=CACHE_HELP)
    witness.add_argument(
        "--use", type=str, choices=("correction", "apart"), default="correction",
        help="whether the witness corrects the answer or stands beside it",
    )  # fmt: skip
    witness.add_argument(
        "--weight", type=float, default=4.0, help="factor on its confidence among the corrections"
    )
    witness.add_argument(
        "--sampler", type=str, choices=("full", "square-root"), default="square-root",
        help="square-root draws rare expressions more often, as the finishing of `live` does",
    )  # fmt: skip
    witness.add_argument("--epochs", type=int, default=40, help="passes over the training faces")
    witness.add_argument("--holdout", type=float, default=0.05, help="as in the training")
    witness.add_argument("--seed", type=int, default=1, help="as in the training")
    witness.add_argument("--threads", type=int, default=2, help="CPU threads")
    return witness


def run(options: Namespace) -> None:
    """Write the checkpoint and print how good the witness and the answer are on held-out faces."""
    import torch

    from ferdesk.model import checkpoint
    from trainer.data.hold_out import hold_out
    from trainer.data.packed import load_split
    from trainer.data.sets import prepare
    from trainer.measure.answers import predict
    from trainer.measure.metrics import measure
    from trainer.training.progress import Progress
    from trainer.training.witness import WitnessConfig, train_witness, with_witness

    check_options(
        options,
        holdout="(0, 1)",
        seed=SEEDS,
        threads=THREADS,
        epochs="[1, 100000]",
        weight="(0, 100]",
    )
    torch.set_num_threads(options.threads)
    earlier, card = checkpoint.load(options.checkpoint)
    folder = prepare(options.data, options.cache, geometry=True)
    training, held = hold_out(load_split(folder, "train"), options.holdout, options.seed)
    network = with_witness(earlier, options.use, options.weight)
    config = WitnessConfig(epochs=options.epochs, sampler=options.sampler, seed=options.seed)
    with Progress("auto") as progress:
        train_witness(network, training, config, progress)
    # What was calibrated was another answer.
    card = replace(
        card, calibration=None, reliability=None, risk_coverage=None, tables={}, metrics={},
        training={
            **card.training,
            "witness": f"landmarks alone, {options.epochs} epochs, {options.sampler} sampler, "
            f"seed {options.seed}",
        },
    )  # fmt: skip
    checkpoint.save(options.out, network, card)
    out = predict(network, held, torch.device("cpu"))
    before = predict(earlier, held, torch.device("cpu"))
    for name, told in (("before", before.final), ("now", out.final), ("witness", out.p_lm)):
        result = measure(told, held.labels)
        sys.stdout.write(
            f"{name:8} accuracy {result.accuracy:.4f}, mean class "
            f"{result.mean_class_accuracy:.4f} on {result.n} held-out pictures\n"
        )
    sys.stdout.write(f"wrote {options.out}\n")
