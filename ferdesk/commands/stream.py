"""Streaming without a window: a source, the engine, and the outlets that were asked for."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferdesk import __version__
from ferdesk.commands.analyze.operating_point import operating_point
from ferdesk.commands.output import to_stdout
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.baseline import Taken
from ferdesk.pipeline.engine import Engine, EngineOptions
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.neutral import NeutralStretch
from ferdesk.pipeline.types import EngineEvent, EventKind
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.base import Source
from ferdesk.sources.spec import SourceSpec, open_source
from ferdesk.streams.outlet import Outlet, OutletStatus
from ferdesk.streams.sender import Sender
from ferdesk.streams.websocket import LOOPBACK, is_loopback

_SHOW_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """Which ways out, and how."""

    lsl: bool = False
    osc: str = ""
    """HOST:PORT; "" for none."""
    websocket: int | None = None
    """Port (0: any that is free); None for none."""
    bind: str = LOOPBACK
    """Where the WebSocket listens."""
    token: str = ""
    """"": one is made."""
    origins: tuple[str, ...] = ()
    """Web pages that may connect."""


def open_outlets(options: StreamOptions, source: str) -> tuple[Outlet, ...]:
    """Every outlet asked for, opened; `source` names it for receivers. Raises FerdeskError."""
    outlets: list[Outlet] = []
    try:
        if options.lsl:
            from ferdesk.streams.lsl import LslOutlet

            outlets.append(LslOutlet(source, version=__version__))
        if options.osc:
            from ferdesk.streams.osc import OscOutlet, parse_address

            outlets.append(OscOutlet(*parse_address(options.osc)))
        if options.websocket is not None:
            from ferdesk.streams.websocket import WebSocketOutlet

            outlets.append(
                WebSocketOutlet(
                    options.websocket, host=options.bind, token=options.token,
                    origins=options.origins, source=source, version=__version__,
                )
            )  # fmt: skip
    except FerdeskError:
        for outlet in outlets:
            outlet.close()
        raise
    return tuple(outlets)


def stream(
    text: str,
    options: StreamOptions,
    *,
    seconds: float = 0.0,
    loop: bool = False,
    checkpoint: Path | None = None,
    device: str = "auto",
    max_faces: int = 3,
    smoothing: float = 0.3,
    coverage: float = 1.0,
    neutral: float | None = None,
    say: Callable[[str], object] = to_stdout,
    source_factory: Callable[[SourceSpec], Source] = open_source,
) -> int:
    """Stream until the source ends, `seconds` have passed, or Ctrl-C; 0. Raises FerdeskError.

    `loop`: a file starts again at its end. `coverage`: as in `ferdesk analyze`.
    `neutral`: so many seconds after the first reading the largest face is neutral for five seconds;
    from then on its change from this baseline is streamed, too.
    """
    if not (options.lsl or options.osc or options.websocket is not None):
        raise FerdeskError("Say where to: --lsl, --osc HOST:PORT, --websocket PORT, or several.")
    spec = SourceSpec.parse(text, loop=loop)
    outlets = open_outlets(options, spec.shown)
    sender = Sender(outlets)
    try:
        predictor = load_predictor(checkpoint or asset(DEFAULT_CHECKPOINT), device)
        sender.set_threshold(operating_point(predictor.card, coverage))
        for outlet in outlets:
            say(f"{outlet.name}: {outlet.address}\n")
        if options.websocket is not None and not is_loopback(options.bind):
            say("Everybody in your network who knows the token can read the WebSocket.\n")
        ended, error = threading.Event(), ""

        def hear(event: EngineEvent) -> None:
            nonlocal error
            if event.kind is EventKind.ERROR:
                error = event.message
            if event.kind in (EventKind.ERROR, EventKind.SOURCE_ENDED):
                ended.set()

        engine = Engine(
            EngineOptions(smoothing_seconds=smoothing, max_faces=max_faces, device=device),
            hear,
            predictor_factory=lambda _path, _device: predictor,
            source_factory=source_factory,
        )
        engine.attach(sender)

        def baseline_taken(taken: Taken) -> None:
            engine.set_baselines({taken.face: taken.baseline})
            say(f"Baseline of face {taken.face} from {taken.baseline.readings} readings.\n")

        if neutral is not None:
            engine.attach(NeutralStretch(neutral, baseline_taken, lambda why: say(f"{why}\n")))
        try:
            engine.start(spec)
            _wait(ended, sender, seconds)
        except KeyboardInterrupt:
            say("\n")
        finally:
            engine.close()
    finally:
        status = sender.status()
        sender.close()
    if error:
        raise FerdeskError(error)
    say(f"{_in_words(status)}\n")
    return 0


def _wait(ended: threading.Event, sender: Sender, seconds: float) -> None:
    """Until the source ends or the time is over; a line on a terminal."""
    terminal = sys.stderr.isatty()
    start = time.monotonic()
    while not ended.wait(_SHOW_SECONDS if not seconds else min(_SHOW_SECONDS, seconds)):
        if terminal:
            sys.stderr.write(f"\r● {_in_words(sender.status())}  \033[K")
            sys.stderr.flush()
        if seconds and time.monotonic() - start >= seconds:
            break
    else:
        # The last frame of a file may still be on its way through the network.
        time.sleep(0.3)
    if terminal:
        sys.stderr.write("\r\033[K")


def _in_words(status: Sequence[OutletStatus]) -> str:
    return "; ".join(
        f"{one.name}: {one.sent} readings, {one.receivers}"
        + (f", {one.lost} lost" if one.lost else "")
        for one in status
    )
