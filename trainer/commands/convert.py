"""convert: a plain state dict becomes a checkpoint that the app opens."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from trainer.commands.options import command_parser

log = logging.getLogger(__name__)


def parser() -> ArgumentParser:
    """The arguments of `convert`."""
    convert = command_parser("Turn a plain state dict into a checkpoint for the app.")
    convert.add_argument("weights", type=Path, help=".pt/.pth with a plain state dict")
    convert.add_argument(
        "--like", type=Path, required=True, help="a checkpoint of its architecture"
    )
    convert.add_argument("--out", type=Path, required=True, help="file to write")
    return convert


def run(options: Namespace) -> None:
    """The new checkpoint has the card of `like` without its measurements."""
    from ferdesk.model import checkpoint
    from ferdesk.model.weights import read_state_dict

    weights: Path = options.weights
    card = replace(
        checkpoint.read_card(options.like),
        name=weights.stem,
        metrics={},
        tables={},
        training={},
        calibration=None,
        reliability=None,
        risk_coverage=None,
        notes=f"Converted from {weights.name}; its training is not known.",
    )
    network = checkpoint.build(card, read_state_dict(weights), weights)
    checkpoint.save(options.out, network, card)
    log.info("wrote %s", options.out)
