"""The commands around sessions: their options, and which function each of them runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferdesk.errors import FerdeskError

if TYPE_CHECKING:
    Parsers = argparse._SubParsersAction[argparse.ArgumentParser]

COMMANDS: Final = ("record",)


def add_parsers(commands: Parsers, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """One parser per command; `common` adds --checkpoint and --device."""
    record = commands.add_parser(
        "record", help="record what is read, without a window",
        description="Record what is read from a source into a session folder, until the source "
        "ends, the time is over, or Ctrl-C.",
    )  # fmt: skip
    record.add_argument("source", help="camera, sample, a video or an address")
    record.add_argument("--out", type=Path, required=True, help="folder in which sessions lie")
    record.add_argument("--video", action="store_true", help="keep the pictures, too (default: no)")
    record.add_argument("--seconds", type=float, help="stop after so long (default: at the end)")
    record.add_argument("--participant", default="", help="becomes part of the folder's name")
    record.add_argument("--note", default="", help="free text that stays with the session")
    record.add_argument("--faces", type=int, default=3, help="most faces in a frame (default 3)")
    record.add_argument(
        "--smoothing", type=float, default=0.3, metavar="SECONDS",
        help="time constant of the smoothing (default 0.3, as in the window)",
    )  # fmt: skip
    common(record)


def run(args: argparse.Namespace) -> int:
    """The command's exit code. Raises FerdeskError."""
    from ferdesk.commands.record import record

    if args.seconds is not None and args.seconds <= 0:
        raise FerdeskError(f"--seconds must be more than 0, not {args.seconds:g}.")
    if args.faces < 1:
        raise FerdeskError(f"--faces must be at least 1, not {args.faces}.")
    return record(
        args.source, args.out, video=args.video, seconds=args.seconds or 0.0,
        participant=args.participant, note=args.note, checkpoint=args.checkpoint,
        device=args.device or "auto", max_faces=args.faces, smoothing=args.smoothing,
    )  # fmt: skip
