"""The options that `record` and `stream` share, since both read a source live."""

from __future__ import annotations

import argparse
import math

from ferdesk.commands.analyze.arguments import check_reading
from ferdesk.errors import FerdeskError


def add_live_options(parser: argparse.ArgumentParser) -> None:
    """--seconds, --max-faces, --smoothing, --neutral."""
    parser.add_argument("--seconds", type=float, help="stop after so long (default: at the end)")
    parser.add_argument(
        "--max-faces", type=int, default=3, metavar="N", help="most faces per frame (default 3)"
    )
    parser.add_argument(
        "--smoothing", type=float, default=0.3, metavar="SECONDS",
        help="time constant of the smoothing (default 0.3, as in the window)",
    )  # fmt: skip
    parser.add_argument(
        "--neutral", type=float, metavar="SECONDS",
        help="at this time the largest face is neutral for five seconds: adds the change from this "
        "baseline (docs/movements.md; default: no baseline)",
    )  # fmt: skip


def check_live_options(args: argparse.Namespace) -> None:
    """Raises FerdeskError for a value that means nothing."""
    if args.seconds is not None and not args.seconds > 0:
        raise FerdeskError(f"--seconds must be more than 0, not {args.seconds:g}.")
    check_reading(args.max_faces, args.smoothing)
    if args.neutral is not None and not 0 <= args.neutral < math.inf:
        raise FerdeskError(f"--neutral must be 0 or more seconds, not {args.neutral:g}.")
