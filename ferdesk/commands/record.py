"""Recording without a window: a source, the engine, a session folder."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ferdesk.commands.output import to_stdout
from ferdesk.errors import FerdeskError
from ferdesk.paths import networks_dir
from ferdesk.pipeline.baseline import Taken
from ferdesk.pipeline.engine import Engine, EngineOptions
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.neutral import NeutralStretch
from ferdesk.pipeline.types import EngineEvent, EventKind
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.session.folder import new_folder
from ferdesk.session.recorder import Recorder, RecorderStatus
from ferdesk.session.records import Origin
from ferdesk.session.writer import SessionInfo
from ferdesk.sources.base import Source
from ferdesk.sources.spec import SourceSpec, open_source
from ferdesk.vision.finder import FaceFinder

if TYPE_CHECKING:
    from ferdesk.streams.markers import MarkerInlet

CONSENT = (
    "Pictures of faces are kept in the session: record only people who have agreed to it, and "
    "delete video.mkv when it is no longer needed. Small pictures of faces that were corrected "
    "stay in session.db as long as the corrections do."
)
_SHOW_SECONDS = 0.5
_CLOSE_SECONDS = 600.0
"""readings.csv of an hour takes its time; the session itself is whole before it is begun."""


class _Listener:
    """Begins the recording when the source opens, so that no frame is missed and a source that is
    not there leaves no folder behind."""

    def __init__(self, begin: Callable[[str], Recorder]) -> None:
        """`begin` is given the source's name and mode; what it raises ends the source."""
        self.recorder: Recorder | None = None
        self.ended = threading.Event()
        self.error = ""
        self._begin = begin

    def hear(self, event: EngineEvent) -> None:
        if event.kind is EventKind.SOURCE_OPENED and self.recorder is None:
            self.recorder = self._begin(event.message.removesuffix("."))
        if event.kind is EventKind.ERROR:
            self.error = event.message
            self.ended.set()
        if event.kind is EventKind.SOURCE_ENDED:
            self.ended.set()


def record(
    text: str,
    out: Path,
    *,
    video: bool = False,
    seconds: float = 0.0,
    participant: str = "",
    note: str = "",
    checkpoint: Path | None = None,
    device: str = "auto",
    max_faces: int = 3,
    smoothing: float = 0.3,
    markers: str = "",
    neutral: float | None = None,
    say: Callable[[str], object] = to_stdout,
    source_factory: Callable[[SourceSpec], Source] = open_source,
) -> int:
    """Record until the source ends, `seconds` have passed, or Ctrl-C; 0. Raises FerdeskError.

    The session lies in a new folder inside `out`. With `video` the pictures are kept, too.
    `markers`: name of an LSL stream whose markers become events. `neutral`: so many seconds after
    the first reading the largest face is neutral for five seconds; the session keeps the baseline.
    """
    spec = SourceSpec.parse(text)
    predictor = load_predictor(checkpoint or asset(DEFAULT_CHECKPOINT), device)
    with contextlib.closing(FaceFinder(max_faces, folder=networks_dir())) as finder:
        # The first time in a process it takes a second, in which frames would not be read.
        finder.prepare(still=False)

    def begin(detail: str) -> Recorder:
        info = SessionInfo(spec.shown, detail, participant=participant, note=note)
        recorder = Recorder(new_folder(out, participant), info, video=video)
        engine.attach(recorder)
        return recorder

    listener = _Listener(begin)

    def heard(label: str, at: float) -> None:
        if listener.recorder is not None:
            listener.recorder.mark(label, origin=Origin.LSL, at=at)

    def baseline_taken(taken: Taken) -> None:
        if listener.recorder is not None:
            listener.recorder.set_baselines([taken])
            say(f"Baseline of face {taken.face} from {taken.baseline.readings} readings.\n")

    inlet = _marker_inlet(markers, heard) if markers else None
    engine = Engine(
        EngineOptions(smoothing_seconds=smoothing, max_faces=max_faces, device=device),
        listener.hear,
        predictor_factory=lambda _path, _device: predictor,
        source_factory=source_factory,
    )
    if neutral is not None:
        engine.attach(NeutralStretch(neutral, baseline_taken, lambda why: say(f"{why}\n")))
    if video:
        say(f"{CONSENT}\n")
    finished = True
    try:
        engine.start(spec)
        _wait(listener, seconds)
    except KeyboardInterrupt:
        say("\n")
    finally:
        if inlet is not None:
            inlet.close()
        engine.close()
        recorder = listener.recorder
        if recorder is not None:
            recorder.stop()
            finished = recorder.join(_CLOSE_SECONDS)
    if recorder is None:
        raise FerdeskError(listener.error or "Nothing was recorded: no picture came.")
    if not finished:
        raise FerdeskError(
            f"The session '{recorder.folder}' could not be closed in time; it will be recovered "
            "when it is opened."
        )
    status = recorder.status()
    say(f"{summary(status)}\nSession: {recorder.folder.resolve()}\n")
    if status.ended or listener.error:
        raise FerdeskError(status.ended or listener.error)
    return 0


def _marker_inlet(name: str, heard: Callable[[str, float], None]) -> MarkerInlet:
    from ferdesk.streams.markers import MarkerInlet

    return MarkerInlet(name, heard)


def _wait(listener: _Listener, seconds: float) -> None:
    """Until the source or the recording ends or the time is over; a line on a terminal."""
    terminal = sys.stderr.isatty()
    shown = 0.0
    try:
        while not listener.ended.wait(0.05):
            recorder = listener.recorder
            if recorder is None:
                continue
            now = time.monotonic()
            status = recorder.status()
            if not recorder.running or (seconds and status.seconds >= seconds):
                return
            if terminal and now - shown > _SHOW_SECONDS:
                shown = now
                of = f" of {seconds:.0f}" if seconds else ""
                sys.stderr.write(f"\r● {status.seconds:.0f}{of} s, {summary(status)}  ")
                sys.stderr.flush()
        # The last frame of a file may still be on its way through the network.
        time.sleep(0.3)
    finally:
        if terminal:
            sys.stderr.write("\r\033[K")


def summary(status: RecorderStatus) -> str:
    """The figures of a recording in words."""
    lost = [
        f"{count} {what}"
        for count, what in (
            (status.frames_dropped, "frames"), (status.readings_dropped, "readings"),
            (status.video_dropped, "pictures"),
        ) if count
    ]  # fmt: skip
    dropped = f", not kept for lack of time: {', '.join(lost)}" if lost else ""
    return (
        f"{status.seconds:.1f} s, {status.frames} frames, {status.readings} readings, "
        f"{status.bytes_written / 1e6:.1f} MB{dropped}"
    )
