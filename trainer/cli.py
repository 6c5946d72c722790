"""The trainer's command line: finds the command, turns every refusal into one sentence."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from ferdesk.errors import FerdeskError
from trainer.choices import check_choice
from trainer.commands.options import command_parser, parsed

COMMANDS = {
    "prepare": "crop a data set into the cache and say what is in it",
    "pretrain": "first weights for an image network, without labels",
    "train": "train a checkpoint; go on where it was stopped",
    "evaluate": "measure a checkpoint on one part of a data set",
    "report": "a page about a run",
    "benchmark": "every method at every noise, side by side",
    "reproduce": "the paper's Table I: a benchmark of its rows",
    "audit": "find labels that look wrong, and a page to decide on them",
    "speed": "measure the speed of training",
    "live": "make the checkpoint that ships with the app",
    "witness": "train the landmark witness of a finished checkpoint",
    "calibrate": "fit and measure what a checkpoint may claim",
    "card": "write the model card",
    "convert": "turn a state dict into a checkpoint",
}
"""What every command does."""

PRESETS = Path(__file__).parent / "presets"


def _command(name: str) -> tuple[Callable[[], ArgumentParser], Callable[[Namespace], None]]:
    """What makes a command's parser, and what runs it: its module of ``trainer.commands``."""
    if name == "reproduce":
        from trainer.commands import benchmark

        return benchmark.reproduce_parser, benchmark.run_reproduce
    module = importlib.import_module(f"trainer.commands.{name}")
    return module.parser, module.run


def _check_command(arguments: Sequence[str]) -> None:
    """FerdeskError unless a command, or an option such as --help, comes first."""
    if not arguments:
        raise FerdeskError(f"Give a command: {', '.join(COMMANDS)}; --help explains them.")
    if arguments[0] == "bench":
        raise FerdeskError("The command 'bench' is called 'speed' now.")
    if not arguments[0].startswith("-"):
        check_choice("command", arguments[0], COMMANDS)


def _parser(wanted: str) -> ArgumentParser:
    """The whole parser, but only `wanted` is imported: the others would load torch without need."""
    parser = command_parser("Train and measure ferdesk's network.", prog="python -m trainer")
    commands = parser.add_subcommands(required=True, dest="command")
    for name, purpose in COMMANDS.items():
        own = command_parser("")
        if name == wanted:
            own = _command(name)[0]()
        commands.add_subcommand(name, own, help=purpose)
    return parser


def with_preset(argv: list[str]) -> list[str]:
    """Put the named preset before the other arguments of a command, so that these override it.

    FerdeskError for a preset that is not there.
    """
    for position, argument in enumerate(argv):
        if argument == "--preset" and position + 1 < len(argv):
            name = argv[position + 1]
        elif argument.startswith("--preset="):
            name = argument.partition("=")[2]
        else:
            continue
        path = PRESETS / f"{name}.yaml"
        check_choice("preset", name, sorted(p.stem for p in PRESETS.glob("*.yaml")))
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
        arguments = list(argv if argv is not None else sys.argv[1:])
        _check_command(arguments)
        parser = _parser(arguments[0])
        options = parsed(parser, with_preset(arguments))
        _command(options.command)[1](options[options.command])
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; the same command goes on where it was stopped.\n")
        return 130
    return 0
