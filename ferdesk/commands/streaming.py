"""The options of `ferdesk stream`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ferdesk.commands.live_options import add_live_options, check_live_options

if TYPE_CHECKING:
    Parsers = argparse._SubParsersAction[argparse.ArgumentParser]

COMMANDS: Final = ("stream",)


def add_parsers(commands: Parsers, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """The parser of the command; `common` adds --checkpoint and --device."""
    stream = commands.add_parser(
        "stream", help="give the readings to other programs live: LSL, OSC, WebSocket",
        description="Give what is read from a source to other programs while it happens, until the "
        "source ends, the time is over, or Ctrl-C. Pictures are never sent.",
    )  # fmt: skip
    stream.add_argument("source", help="camera, sample, a video or an address")
    stream.add_argument("--lsl", action="store_true", help="as Lab Streaming Layer streams")
    stream.add_argument("--osc", default="", metavar="HOST:PORT", help="as OSC messages over UDP")
    stream.add_argument(
        "--websocket", type=int, metavar="PORT", help="as JSON; the address is printed (0: any)"
    )
    stream.add_argument(
        "--bind", default="127.0.0.1", metavar="ADDRESS",
        help="where the WebSocket listens (default 127.0.0.1: this computer alone)",
    )  # fmt: skip
    stream.add_argument("--token", default="", help="of the WebSocket (default: a new one)")
    stream.add_argument(
        "--allow-origin", action="append", default=[], metavar="ORIGIN",
        help="a web page that may connect, such as http://localhost:5173 (default: none)",
    )  # fmt: skip
    stream.add_argument("--loop", action="store_true", help="start a file again at its end")
    stream.add_argument(
        "--coverage", type=float, default=1.0, metavar="SHARE",
        help='label this share of faces, the most reliable ones, and call the rest "unsure"',
    )  # fmt: skip
    add_live_options(stream)
    common(stream)


def run(args: argparse.Namespace) -> int:
    """The command's exit code. Raises FerdeskError."""
    from ferdesk.commands.stream import StreamOptions, stream

    check_live_options(args)
    options = StreamOptions(
        lsl=args.lsl, osc=args.osc, websocket=args.websocket, bind=args.bind, token=args.token,
        origins=tuple(args.allow_origin),
    )  # fmt: skip
    return stream(
        args.source, options, seconds=args.seconds or 0.0, loop=args.loop,
        checkpoint=args.checkpoint, device=args.device or "auto", max_faces=args.max_faces,
        smoothing=args.smoothing, coverage=args.coverage, neutral=args.neutral,
    )  # fmt: skip
