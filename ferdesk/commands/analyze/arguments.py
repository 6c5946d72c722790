"""The options of `ferdesk analyze`, and what runs them."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferdesk.errors import FerdeskError

if TYPE_CHECKING:
    Parsers = argparse._SubParsersAction[argparse.ArgumentParser]

MOST_FACES: Final = 10
_FILES: Final = (".csv", ".txt", ".tsv", ".json")
"""Endings that mean one file."""


def add_parser(commands: Parsers, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """`common` adds --checkpoint and --device."""
    analyze = commands.add_parser(
        "analyze", help="read every frame of a source into a CSV file, or of many into sessions",
        description="Read every frame of a source into a CSV file, one row per face and frame, "
        "with a JSON file beside it that says what it holds and how it was made; or one or many "
        "sources into a folder of sessions with a summary.csv.",
    )  # fmt: skip
    analyze.add_argument(
        "sources", nargs="+", metavar="SOURCE",
        help="sample, a video, a picture or a folder of them; for a CSV file also a camera or an "
        "address",
    )  # fmt: skip
    analyze.add_argument(
        "--out", type=Path, required=True,
        help="a file (.csv) for one source, or a folder: then a session per source, and the same "
        "command goes on where it was stopped",
    )  # fmt: skip
    analyze.add_argument("--jobs", type=int, default=1, help="sources read at a time (default 1)")
    analyze.add_argument(
        "--progress", action="store_true",
        help="with a folder: JSON lines that say how far each source is, for other programs",
    )  # fmt: skip
    analyze.add_argument(
        "--picture", type=Path, help="also write the clearest frame, annotated (.png, .jpg, …)"
    )
    analyze.add_argument(
        "--overwrite", action="store_true", help="replace results that are there (default: refuse)"
    )
    analyze.add_argument(
        "--all", action="store_true",
        help="every distribution and confidence, not only the answer and the first guess",
    )  # fmt: skip
    analyze.add_argument(
        "--max-faces", type=int, default=3, metavar="N", help="most faces per frame (default 3)"
    )
    analyze.add_argument(
        "--small-faces", action="store_true",
        help="search videos for small faces, too, once per second (pictures always are)",
    )  # fmt: skip
    analyze.add_argument(
        "--smoothing", type=float, default=0.0, metavar="SECONDS",
        help="time constant of label and probability_* (default 0: every frame for itself)",
    )  # fmt: skip
    analyze.add_argument(
        "--frames", type=int, default=0, metavar="N", help="stop after so many (default: all)"
    )
    analyze.add_argument(
        "--coverage", type=float, default=1.0, metavar="SHARE",
        help='label this share of faces, the most reliable ones, and call the rest "unsure" '
        "(default 1: label all)",
    )  # fmt: skip
    common(analyze)


def check_reading(max_faces: int, smoothing: float) -> None:
    """How faces are read, in every command that reads. Raises FerdeskError."""
    if not 1 <= max_faces <= MOST_FACES:
        raise FerdeskError(f"--max-faces must be between 1 and {MOST_FACES}, not {max_faces}.")
    if not (math.isfinite(smoothing) and 0 <= smoothing <= 60):
        raise FerdeskError(f"--smoothing must be 0 to 60 seconds, not {smoothing:g}.")


def run(args: argparse.Namespace) -> int:
    """The command's exit code. Raises FerdeskError."""
    check_reading(args.max_faces, args.smoothing)
    if args.frames < 0:
        raise FerdeskError(f"--frames must be at least 0 (0: all), not {args.frames}.")
    if not 0 < args.coverage <= 1:
        raise FerdeskError(f"--coverage must be more than 0 and at most 1, not {args.coverage:g}.")
    if not _is_file(args.sources, args.out):
        return _many(args)
    from ferdesk.commands.analyze.one import Options, analyze

    options = Options(
        checkpoint=args.checkpoint, device=args.device or "auto", max_faces=args.max_faces,
        smoothing=args.smoothing, coverage=args.coverage, frames=args.frames, everything=args.all,
        small_faces=args.small_faces,
    )  # fmt: skip
    source = args.sources[0]
    return analyze(source, args.out, options, picture=args.picture, overwrite=args.overwrite)


def _is_file(sources: list[str], out: Path) -> bool:
    """Whether one CSV file is asked for, and no folder of sessions."""
    special = out.exists() and not out.is_dir()
    return len(sources) == 1 and (special or out.suffix.lower() in _FILES)


def _many(args: argparse.Namespace) -> int:
    """A folder of sessions."""
    from ferdesk.commands.analyze_many import analyze_many
    from ferdesk.commands.analyze_session import Job

    if args.jobs < 1:
        raise FerdeskError(f"--jobs must be at least 1, not {args.jobs}.")
    for option in ("picture", "all", "overwrite"):
        if getattr(args, option):
            raise FerdeskError(f"--{option} goes with one source and a CSV file.")
    if args.out.is_file() or args.out.suffix.lower() == ".csv":
        raise FerdeskError(f"'{args.out}' is a file; name a folder for the sessions.")
    settings = Job(
        source="", folder="", checkpoint=str(args.checkpoint or ""),
        device=args.device or "auto", max_faces=args.max_faces, smoothing=args.smoothing,
        coverage=args.coverage, frames=args.frames, small_faces=args.small_faces,
    )  # fmt: skip
    if args.progress:
        return analyze_many(
            args.sources, args.out, settings, jobs=args.jobs, say=lambda _text: None, tell=_as_json
        )
    return analyze_many(args.sources, args.out, settings, jobs=args.jobs)


def _as_json(news: dict[str, object]) -> None:
    # At once: whoever reads the other end of a pipe waits for it.
    sys.stdout.write(f"{json.dumps(news)}\n")
    sys.stdout.flush()
