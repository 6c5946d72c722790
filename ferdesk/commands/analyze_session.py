"""Every frame of one source into one session folder; also run as a process of its own.

``python -m ferdesk.commands.analyze_session JOB`` takes a `Job` as JSON and writes JSON lines to
standard output: ``{"done": 120, "total": 750}`` and, in the end, ``{"sentence": "…"}`` with exit
code 0, or ``{"error": "…"}`` with exit code 2.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.loader import load_predictor
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.session.records import AnalysisRecord, FrameRecord
from ferdesk.session.writer import SessionInfo, SessionWriter
from ferdesk.sources.base import Frame, Source
from ferdesk.sources.spec import SourceKind, SourceSpec, open_source

_TELL_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, in values that JSON knows."""

    source: str
    """What `SourceSpec.parse` takes."""
    folder: str
    """The finished session; until then it lies beside it as ``<name>.part``."""
    checkpoint: str = ""
    """"": the one that ships."""
    device: str = "auto"
    max_faces: int = 3
    small_faces: bool = False
    smoothing: float = 0.0
    coverage: float = 1.0
    frames: int = 0
    """Stop after so many; 0: all."""


def analyze_session(job: Job, progress: Callable[[int, int | None], object]) -> str:
    """Write the session; one sentence about it. Raises FerdeskError.

    `progress` hears how many frames are done, and of how many if that is known. What an earlier
    attempt that was killed has left is thrown away: a face's id and the landmarks depend on the
    frames before, so only a reading from the beginning gives the numbers of an undisturbed one.
    """
    from ferdesk.commands.analyze.operating_point import operating_point

    spec = SourceSpec.parse(job.source)
    source = open_source(spec)
    info = source.open()
    try:
        checkpoint = Path(job.checkpoint) if job.checkpoint else asset(DEFAULT_CHECKPOINT)
        predictor = load_predictor(checkpoint, job.device)
        analysis = AnalysisRecord(
            0, predictor.card.name, predictor.device, job.smoothing, job.max_faces,
            operating_point(predictor.card, job.coverage), predictor.card.sha256,
        )  # fmt: skip
        analyzer = Analyzer(predictor, job.max_faces, job.smoothing, small_faces=job.small_faces)
        try:
            folder = Path(job.folder)
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            facts = SessionInfo(str(spec), info.in_words, video=_pictures(spec))
            writer = SessionWriter(part, facts)
            writer.use(analysis)
            total = job.frames or info.frame_count
            count = _read(source, analyzer, writer, job.frames, lambda n: progress(n, total))
            writer.finish(warning=source.warning)
            part.rename(folder)
        finally:
            analyzer.close()
        warning = f" {source.warning}" if source.warning else ""
    finally:
        source.close()
    return f"{count} frames.{warning}"


def _read(
    source: Source,
    analyzer: Analyzer,
    writer: SessionWriter,
    limit: int,
    progress: Callable[[int], object],
) -> int:
    count = 0
    last = 0.0
    while not limit or count < limit:
        start = time.perf_counter()
        frame = source.read()
        if frame is None:
            break
        reading = analyzer.analyze(frame, (time.perf_counter() - start) * 1e3)
        height, width = frame.image.shape[:2]
        last = max(last, _time_of(frame, count))
        writer.add_frame(
            FrameRecord(count, last, frame.index, frame.media_time, width, height)
        )  # fmt: skip
        writer.add_reading(count, reading.faces, (reading.finished_at - frame.captured_at) * 1e3)
        writer.commit_if_due()
        count += 1
        progress(count)
    return count


def _time_of(frame: Frame, count: int) -> float:
    """Pictures have no time: each stands for a second."""
    return float(count) if frame.still else frame.media_time


def _pictures(spec: SourceSpec) -> str:
    """The video that the session refers to; "" where there is none to go back to."""
    if spec.kind is SourceKind.SAMPLE:
        return str(asset("sample.mp4"))
    return spec.value if spec.kind is SourceKind.VIDEO else ""


def main(argument: str) -> int:
    """The process of its own."""
    shown = 0.0

    def tell(done: int, total: int | None) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown >= _TELL_SECONDS:
            shown = now
            _write({"done": done, "total": total})

    try:
        _write({"sentence": analyze_session(Job(**json.loads(argument)), tell)})
    except FerdeskError as error:
        _write({"error": str(error)})
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def as_argument(job: Job) -> str:
    """What `main` takes."""
    return json.dumps(asdict(job))


def _write(values: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    from ferdesk.bootstrap import prepare_environment, start_logging

    prepare_environment()
    start_logging()
    sys.exit(main(sys.argv[1]))
