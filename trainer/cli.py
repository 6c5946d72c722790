"""The trainer's command line: finds the command, turns every refusal into one sentence."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser

from ferdesk.errors import FerdeskError

COMMANDS = ("prepare", "train", "evaluate", "calibrate", "card", "convert")
"""Modules of ``trainer.commands``, each with HELP, parser() and run(options)."""

PRESETS = Path(__file__).parent / "presets"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m trainer", description="Train and measure ferdesk's network."
    )
    commands = parser.add_subcommands(required=True, dest="command")
    for name in COMMANDS:
        command = importlib.import_module(f"trainer.commands.{name}")
        commands.add_subcommand(name, command.parser(), help=command.HELP)
    return parser


def _with_preset(argv: list[str]) -> list[str]:
    """Put the named preset in front of the other arguments, so that these override it."""
    for position, argument in enumerate(argv):
        if argument == "--preset" and position + 1 < len(argv):
            name = argv[position + 1]
        elif argument.startswith("--preset="):
            name = argument.partition("=")[2]
        else:
            continue
        path = PRESETS / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(sorted(p.stem for p in PRESETS.glob("*.yaml")))
            raise FerdeskError(f"There is no preset '{name}'; the presets are {known}.")
        return [argv[0], "--config", str(path), *argv[1:]]
    return argv


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns 0 when it did what it says, 2 with one sentence on stderr when it could not, and 130
    when it was interrupted.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    try:
        options = _parser().parse_args(_with_preset(list(argv or sys.argv[1:])))
        command = importlib.import_module(f"trainer.commands.{options.command}")
        command.run(options[options.command])
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; the same command goes on where it was stopped.\n")
        return 130
    return 0
