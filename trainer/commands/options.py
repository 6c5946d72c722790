"""What the commands share: parsers that explain and check, and the options of training."""

from __future__ import annotations

import dataclasses
import re
from argparse import ArgumentError
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from jsonargparse import ActionConfigFile, ArgumentParser, Namespace, set_parsing_settings

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig
from trainer.files import check_yaml
from trainer.ranges import check_number, ranged
from trainer.training.progress import ProgressKind

CACHE_HELP: Final = "folder of the packed crops"
_LONGEST: Final = 300
"""Characters of a refusal; a parser may repeat a whole file."""

# The text under a dataclass field is its help.
set_parsing_settings(docstring_parse_attribute_docstrings=True)


def command_parser(description: str, **more: Any) -> ArgumentParser:
    """A parser without abbreviations, whose refusals are exceptions (see `parsed`)."""
    return ArgumentParser(allow_abbrev=False, exit_on_error=False, description=description, **more)


def training_parser(description: str) -> ArgumentParser:
    """A configuration from files and options, the cache, and how progress is shown."""
    parser = command_parser(description, print_config="--print-%s")
    add_train_options(parser)
    parser.add_argument(
        "--progress", type=ProgressKind, default="auto", help="bar, plain lines, or JSON lines"
    )
    return parser


def add_train_options(parser: ArgumentParser) -> None:
    """--config, --preset, --cache and every --train.*; `options.train` is a TrainConfig."""
    parser.add_argument("--config", action=ActionConfigFile, help="YAML file with any of these")
    parser.add_argument("--preset", type=str, default="", help="a file of trainer/presets")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help=CACHE_HELP)
    parser.add_class_arguments(TrainConfig, "train")
    intervals = {name: interval for name, _, interval in ranged(TrainConfig(), "train.")}
    # argparse has no public way to what was added.
    for action in parser._actions:
        if action.dest in intervals:
            action.help = f"{action.help} Range: {intervals[action.dest]}."


def check_options(options: Namespace, **intervals: str) -> None:
    """FerdeskError for the first number of `options` that is outside its interval."""
    for name, interval in intervals.items():
        value = getattr(options, name)
        if value is not None:
            check_number(f"--{name.replace('_', '-')}", value, interval)


def parsed(parser: ArgumentParser, arguments: Sequence[str]) -> Namespace:
    """The options, with a TrainConfig where the command takes one.

    FerdeskError, of one sentence, for whatever is wrong with them or their files.
    """
    try:
        for document in _documents(arguments):
            check_yaml(document)
        options = parser.parse_args(list(arguments))
    except ArgumentError as error:
        raise _refusal(str(error)) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FerdeskError("The file of --config is no YAML in UTF-8.") from error
    except OverflowError as error:
        raise FerdeskError("A number among the options or in --config is too large.") from error
    _check_groups(options[options.command] if "command" in options else options)
    return parser.instantiate(options)


def _documents(arguments: Sequence[str]) -> Iterator[str]:
    """The texts that --config is given, as files or as they are."""
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--config":
            given = value if equals else "".join(arguments[position + 1 : position + 2])
            try:
                is_file = Path(given).is_file()
            except (OSError, ValueError):  # a text is no name of a file
                is_file = False
            yield Path(given).read_text(encoding="utf-8") if is_file else given


def _check_groups(options: Namespace) -> None:
    """FerdeskError where a file gives one value for a group of options."""
    if "train" not in options:
        return
    groups = {"train": options.train}
    if isinstance(options.train, Namespace):
        defaults = TrainConfig()
        for name, value in vars(options.train).items():
            if dataclasses.is_dataclass(getattr(defaults, name)):
                groups[f"train.{name}"] = value
    for name, value in groups.items():
        if not isinstance(value, Namespace):
            raise FerdeskError(f"'{name}' is a group of options; '{value}' is no group.")


_REWORDED: Final = (
    (r'Parser key "([^"]+)": ?', r"--\1: "),
    (r"<class 'int'>", "whole number"),
    (r"<class 'float'>", "number"),
    (r"<class 'bool'>", "true or false"),
    (r"<class '(?:\w+\.)*(\w+)'>", r"\1"),
    (r"typing\.Literal\[([^\]]*)\]", r"one of \1"),
    (r"NoneType", "null"),
    (r"Subcommand '\w+' does not accept option '([^']+)'", r"There is no option --\1"),
    (
        r"Does not validate .* Subtypes: \[(.*?)\] Errors: .* Given value: ",
        r"Expected a \1. Got value: ",
    ),
    (r"Expected an? (.*?)\. Got value: (.*)", r"\1 is expected, not '\2'"),
    (r"the following arguments are required: \w+\.(.*)", r"\1 must be given"),
    (r"unrecognized arguments: ", "There is no option "),
    (r"Problems parsing config: ", "The configuration is not valid YAML: "),
    (r' in "<unicode string>",', " in"),
)
"""What jsonargparse calls things, and what people call them."""


def _refusal(message: str) -> FerdeskError:
    """What the parser objects to, as one sentence that names the option."""
    text = " ".join(message.split())
    for theirs, ours in _REWORDED:
        text = re.sub(theirs, ours, text)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return FerdeskError(f"{text.rstrip('.')}; --help lists all options.")
