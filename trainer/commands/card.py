"""card: MODEL_CARD.md from a checkpoint's own card."""

from __future__ import annotations

import logging
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from ferdesk.files import make_folder, write_text
from trainer.commands.options import command_parser

log = logging.getLogger(__name__)


def parser() -> ArgumentParser:
    """The arguments of `card`."""
    card = command_parser("Write MODEL_CARD.md from a checkpoint's own card.")
    card.add_argument("checkpoint", type=Path, help="file to describe")
    card.add_argument("--out", type=Path, default=Path("MODEL_CARD.md"), help="file to write")
    return card


def run(options: Namespace) -> None:
    """Render MODEL_CARD.md, and its plot beside it, from the card inside a checkpoint."""
    from ferdesk.model import checkpoint
    from trainer.confidence.model_card import render
    from trainer.confidence.model_card_plot import write_plot

    out: Path = options.out
    card = checkpoint.read_verified_card(options.checkpoint)
    make_folder(out.parent)
    plot = out.with_name(f"{out.stem.lower()}.svg")
    drawn = write_plot(card, plot)
    write_text(out, render(card, options.checkpoint.name, plot.name if drawn else ""))
    log.info("wrote %s%s", out, f" and {plot}" if drawn else "")
