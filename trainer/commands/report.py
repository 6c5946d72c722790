"""report: one page about a run."""

from __future__ import annotations

import sys
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from trainer.commands.options import command_parser


def parser() -> ArgumentParser:
    """The arguments of `report`."""
    report = command_parser(
        "Write RUN/report/index.html and report.md, also of a run that still trains.",
    )
    report.add_argument("run", type=Path, help="folder of the run")
    report.add_argument(
        "--cache",
        type=Path,
        default=None,
        help="packed cache, to show the hardest pictures; the page must then not be passed on",
    )
    return report


def run(options: Namespace) -> None:
    """Write the report and print its path."""
    from trainer.report import write_report

    sys.stdout.write(f"{write_report(options.run, options.cache)}\n")
