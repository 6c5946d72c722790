"""The commands around sessions: their options, and which function each of them runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferdesk.commands.live_options import add_live_options, check_live_options

if TYPE_CHECKING:
    Parsers = argparse._SubParsersAction[argparse.ArgumentParser]

COMMANDS: Final = ("record", "export", "report", "compare")


def add_parsers(commands: Parsers, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """One parser per command; `common` adds --checkpoint and --device."""
    _add_record(commands, common)
    _add_export(commands)
    _add_report(commands)
    _add_compare(commands)


def run(args: argparse.Namespace) -> int:
    """The command's exit code. Raises FerdeskError."""
    commands = {"record": _record, "export": _export, "report": _report, "compare": _compare}
    return commands[args.command](args)


def _add_record(commands: Parsers, common: Callable[[argparse.ArgumentParser], None]) -> None:
    record = commands.add_parser(
        "record", help="record what is read, without a window",
        description="Record what is read from a source into a session folder, until the source "
        "ends, the time is over, or Ctrl-C.",
    )  # fmt: skip
    record.add_argument("source", help="camera, sample, a video or an address")
    record.add_argument("--out", type=Path, required=True, help="folder in which sessions lie")
    record.add_argument("--video", action="store_true", help="keep the pictures, too (default: no)")
    record.add_argument("--participant", default="", help="becomes part of the folder's name")
    record.add_argument("--note", default="", help="free text that stays with the session")
    record.add_argument(
        "--markers", default="", metavar="NAME",
        help="note the markers of this LSL stream as events (needs ferdesk[stream])",
    )  # fmt: skip
    add_live_options(record)
    common(record)


def _record(args: argparse.Namespace) -> int:
    from ferdesk.commands.record import record

    check_live_options(args)
    return record(
        args.source, args.out, video=args.video, seconds=args.seconds or 0.0,
        participant=args.participant, note=args.note, checkpoint=args.checkpoint,
        device=args.device or "auto", max_faces=args.max_faces, smoothing=args.smoothing,
        markers=args.markers, neutral=args.neutral,
    )  # fmt: skip


def _add_export(commands: Parsers) -> None:
    export = commands.add_parser(
        "export", help="a session as CSV, TSV with sidecars, Parquet, or a data set",
        description="Write a session's numbers for other programs.",
    )  # fmt: skip
    export.add_argument(
        "sessions", type=Path, nargs="+", metavar="SESSION",
        help="folder of the session; several with --corrections alone",
    )  # fmt: skip
    export.add_argument("--csv", type=Path, metavar="FILE", help="the tidy table")
    export.add_argument(
        "--tsv", type=Path, metavar="FOLDER",
        help="events.tsv and readings.tsv with JSON sidecars, as in BIDS",
    )  # fmt: skip
    export.add_argument(
        "--parquet", type=Path, metavar="FILE", help="the tidy table (needs ferdesk[parquet])"
    )
    export.add_argument(
        "--corrections", type=Path, metavar="FOLDER",
        help="crops of corrected faces and a manifest that the trainer reads",
    )  # fmt: skip
    export.add_argument("--face", type=int, metavar="ID", help="this face alone (default: all)")
    export.add_argument("--overwrite", action="store_true", help="replace what is there")


def _export(args: argparse.Namespace) -> int:
    from ferdesk.commands.export import export

    return export(
        args.sessions, csv=args.csv, tsv=args.tsv, parquet=args.parquet,
        corrections=args.corrections, face=args.face, overwrite=args.overwrite,
    )  # fmt: skip


def _add_report(commands: Parsers) -> None:
    report = commands.add_parser(
        "report", help="a page or PDF about a session, or several side by side",
        description="Write one self-contained HTML page, or a PDF, about a session or several "
        "side by side.",
    )  # fmt: skip
    report.add_argument("sessions", type=Path, nargs="+", help="folders of sessions")
    report.add_argument(
        "--out", type=Path, metavar="FILE",
        help="ends in .html or .pdf (default, for one session: report.html in its folder)",
    )  # fmt: skip
    report.add_argument("--overwrite", action="store_true", help="replace FILE")


def _report(args: argparse.Namespace) -> int:
    from ferdesk.commands.report import write_report

    return write_report(args.sessions, args.out, overwrite=args.overwrite)


def _add_compare(commands: Parsers) -> None:
    compare = commands.add_parser(
        "compare", help="read a session again with another checkpoint",
        description="Read a session's frames again with another checkpoint, keep that beside the "
        "first reading, and say how far both agree. Needs the session's video.",
    )  # fmt: skip
    compare.add_argument("session", type=Path, help="folder of the session")
    compare.add_argument("--checkpoint", type=Path, required=True, help="a .safetensors file")
    compare.add_argument("--device", help="where the network runs (default: auto)")
    compare.add_argument("--csv", type=Path, metavar="FILE", help="all disagreements as a table")
    compare.add_argument("--overwrite", action="store_true", help="replace FILE")
    compare.add_argument(
        "--progress", action="store_true",
        help="JSON lines that say how far the reading is, for other programs",
    )  # fmt: skip


def _compare(args: argparse.Namespace) -> int:
    from ferdesk.commands.compare import as_json, compare_checkpoints

    options = {"device": args.device or "auto", "table": args.csv, "overwrite": args.overwrite}
    if args.progress:
        options |= {"say": lambda _text: None, "tell": as_json}
    return compare_checkpoints(args.session, args.checkpoint, **options)
