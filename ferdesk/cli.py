"""Argument parsing only: the window, analyze, bench, doctor, info."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ferdesk import __version__
from ferdesk.bootstrap import start_logging
from ferdesk.commands import sessions, streaming
from ferdesk.commands.analyze import arguments as analyze
from ferdesk.errors import FerdeskError
from ferdesk.interrupt import termination_as_interrupt

COMMANDS = ("analyze", "bench", "doctor", "info", *sessions.COMMANDS, *streaming.COMMANDS)
DEVICES = ("auto", "openvino", "cpu", "cuda", "mps")


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checkpoint", type=Path, help="a .safetensors file (default: built-in)")
    parser.add_argument("--device", choices=DEVICES, help="where the network runs (default: auto)")


def _window_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ferdesk",
        description="Read facial expressions live, and say how far the reading can be trusted.",
        epilog=f"Commands: ferdesk {' | '.join(COMMANDS)}, each with --help.",
    )
    parser.add_argument(
        "source", nargs="?",
        help="camera, camera:NAME, sample, a file, a folder or an address (default: the last one)",
    )  # fmt: skip
    _common(parser)
    parser.add_argument("--max-faces", type=int, metavar="N", help="most faces read at once")
    parser.add_argument("--verbose", action="store_true", help="log to the terminal too")
    parser.add_argument("--version", action="version", version=f"ferdesk {__version__}")
    return parser


def _command_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ferdesk")
    commands = parser.add_subparsers(dest="command", required=True)

    analyze.add_parser(commands, _common)
    bench = commands.add_parser(
        "bench", help="measure speed, latency and memory, stage by stage",
        description="Measure speed, latency and memory of the live pipeline, without a window.",
    )  # fmt: skip
    bench.add_argument("--source", default="sample", help="what to play in a loop")
    bench.add_argument("--frames", type=int, default=300, help="readings to take (default 300)")
    bench.add_argument(
        "--faces", type=int, default=1, help="tile the picture to so many faces and read them all"
    )
    bench.add_argument("--fps", type=float, default=30.0, help="of the pretended camera")
    bench.add_argument(
        "--record", action="store_true", help="measure instead what recording costs, in turn"
    )
    bench.add_argument(
        "--mesh", action="store_true", help="draw the landmarks' mesh, too; not with --record"
    )
    bench.add_argument(
        "--float32", action="store_true",
        help="run the network on OpenVINO as on a CPU without bf16 units; not with --record",
    )  # fmt: skip
    bench.add_argument("--json", action="store_true")
    _common(bench)

    doctor = commands.add_parser("doctor", help="check what is installed and what works")
    doctor.add_argument("--json", action="store_true")

    info = commands.add_parser("info", help="print a checkpoint's card as JSON")
    info.add_argument("checkpoint", type=Path, nargs="?")
    sessions.add_parsers(commands, _common)
    streaming.add_parsers(commands, _common)
    return parser


def _positive(value: int | float, name: str) -> None:
    if value <= 0:
        raise FerdeskError(f"--{name} must be more than 0, not {value}.")


def _command(args: argparse.Namespace) -> int:
    if args.command in sessions.COMMANDS:
        return sessions.run(args)
    if args.command in streaming.COMMANDS:
        return streaming.run(args)
    match args.command:
        case "analyze":
            return analyze.run(args)
        case "bench":
            from ferdesk.commands.bench import bench
            from ferdesk.commands.bench_record import bench_recording

            for name in ("frames", "faces", "fps"):
                _positive(getattr(args, name), name)
            own = partial(bench, mesh=args.mesh, float32=args.float32)
            measure = bench_recording if args.record else own
            return measure(
                args.source, frames=args.frames, faces=args.faces, fps=args.fps,
                checkpoint=args.checkpoint, device=args.device or "auto", as_json=args.json,
            )  # fmt: skip
        case "doctor":
            from ferdesk.commands import doctor

            return doctor.main(json=args.json)
        case _:
            from ferdesk.commands.info import info

            return info(args.checkpoint)


def _window(args: argparse.Namespace) -> int:
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in displays):
        raise FerdeskError(
            "There is no display here; use 'ferdesk analyze SOURCE --out FILE' to work without one."
        )
    from ferdesk.ui import app
    from ferdesk.ui.state.settings import MOST_FACES

    if args.max_faces is not None and not 1 <= args.max_faces <= MOST_FACES:
        raise FerdeskError(f"--max-faces must be between 1 and {MOST_FACES}, not {args.max_faces}.")
    options = app.WindowOptions(args.source, args.checkpoint, args.device, args.max_faces)
    app.leave(app.run(options))


def run(argv: Sequence[str]) -> int:
    """Exit code: 0 done, 1 the doctor found a fault or not everything could be read, 2 bad input
    (one sentence), 130 Ctrl-C."""
    try:
        if argv and argv[0] in COMMANDS:
            start_logging()
            with termination_as_interrupt():
                return _command(_command_parser().parse_args(argv))
        args = _window_parser().parse_args(argv)
        start_logging(args.verbose)
        return _window(args)
    except FerdeskError as error:
        sys.stderr.write(f"ferdesk: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("ferdesk: stopped.\n")
        return 130
