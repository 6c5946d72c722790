"""audit: which labels of a data set look wrong, and a page to decide on them."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.commands.options import check_options, training_parser
from trainer.config import TrainConfig


def parser() -> ArgumentParser:
    """The arguments of `audit`."""
    audit = training_parser(
        "Judge every training label by networks that never saw the picture, and write "
        "OUT/audit.csv, audit.json and index.html. The same command goes on where it was stopped."
    )
    audit.add_argument("--data", type=str, default="", help="LAYOUT:PATH")
    audit.add_argument(
        "--checkpoint", type=Path | None, default=None,
        help="judge by this checkpoint instead of training; it must not have seen the pictures",
    )  # fmt: skip
    audit.add_argument("--folds", type=int, default=5, help="parts the pictures are divided into")
    audit.add_argument(
        "--noise", type=str, default="",
        help="audit labels with noise, where the truth is known: a share, or 'natural' (FER+)",
    )  # fmt: skip
    audit.add_argument("--shown", type=int, default=2000, help="pictures on the page, at most")
    audit.add_argument("--out", type=Path, required=True, help="folder of the findings")
    return audit


def run(options: Namespace) -> None:
    """Audit, then print the path of the page."""
    import torch

    from trainer.audit.confident import find
    from trainer.audit.folds import (
        answers_by_folds,
        answers_of_checkpoint,
        open_audit,
        pictures_of,
        settings_of,
    )
    from trainer.audit.page import write_page
    from trainer.audit.results import write_results
    from trainer.training.progress import Progress
    from trainer.training.run_folder import RunFolder

    check_options(options, shown="[0, inf)")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise FerdeskError("An audit runs in one process; start it without torchrun.")
    config = audited(options.train, options.data, options.noise)
    torch.set_num_threads(config.threads)
    pictures = pictures_of(config, options.cache)
    path, out = options.checkpoint, options.out
    with RunFolder(out).claimed():
        open_audit(out, settings_of(pictures, config, options.folds, path))
        if path is None:
            with Progress(options.progress) as progress:
                answers = answers_by_folds(pictures, config, options.folds, out, progress)
            how = (
                f"The pictures were split into {options.folds} parts, and each was judged by a "
                "network trained on the other parts only, by the mean of its answers after every "
                f"epoch (method {config.method}, epochs: {config.epochs})."
            )
        else:
            answers = answers_of_checkpoint(pictures, path, out)
            how = (
                f"The pictures were judged by the checkpoint {path.name}. Rely on this only if it "
                "never saw the pictures in training."
            )
        findings = find(answers["final"], pictures.given, pictures.groups)
        layout, _, where = config.data.partition(":")
        made = {
            "answers": how,
            "data": layout,
            "folder": Path(where).name,
            "noise": config.noise.kind,
            "noise_rate": config.noise.rate,
            "folds": options.folds if path is None else None,
            "epochs": config.epochs if path is None else None,
            "checkpoint": None if path is None else path.name,
            "seed": config.seed,
        }
        found = write_results(out, pictures, findings, answers, made)
        page = out / "index.html"
        write_page(page, pictures, findings, found, options.shown)
        sys.stdout.write(f"{page}\n")


def audited(config: TrainConfig, data: str, noise: str) -> TrainConfig:
    """`config` for the folds, which replace the held-out part and what is measured on."""
    from trainer.compare.methods import noise_name, with_noise

    config = replace(config, data=data or config.data, holdout=0.0, measure_on="none")
    if not config.data:
        raise FerdeskError("There is no data set to audit; give --data LAYOUT:PATH.")
    if config.teacher:
        raise FerdeskError(
            "An audit takes no --train.teacher: what has seen the labels cannot judge them; leave "
            "it out."
        )
    if not noise:
        return config
    # A grid takes one label per picture at every noise; an audit takes what the data has.
    return replace(with_noise(config, noise_name(noise)), hard_labels=config.hard_labels)
