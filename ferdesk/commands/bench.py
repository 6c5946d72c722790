"""How fast, how late and how large: the live pipeline measured without a window.

Two parts on the same frames in one run:

1. Stages: frame by frame, the landmarker alone and then the whole analysis, in turn, so that both
   meet the same machine in the same mood.
2. Live: the real engine behind a pretended camera of a given rate, as in the window, each reading
   drawn with its overlay. Latency runs from capture to the end of drawing.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferdesk.commands.pretended_camera import PretendedCamera, face_centre, tile
from ferdesk.errors import FerdeskError
from ferdesk.memory import resident_mb
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.engine import Engine, EngineOptions
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.types import EngineEvent, EventKind, Reading, Sink
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.base import Frame
from ferdesk.sources.spec import SourceSpec, open_source
from ferdesk.threads import thread_budget
from ferdesk.vision.landmarker import Landmarker

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor

_STAGE_FRAMES = 200
_WARM_UP = 10
_START_TIMEOUT = 60.0
_SILENCE_TIMEOUT = 30.0
_LOOK_SECONDS = 0.1
"""How long a reading is waited for before faults and time are looked at."""


@dataclass(slots=True)
class Figures:
    """What the bench prints. Milliseconds are medians unless they say p95."""

    source: str = ""
    device: str = ""
    checkpoint: str = ""
    faces: int = 1
    mesh: bool = False
    """Whether the landmarks' mesh was drawn, which the window does only when asked to."""
    frames: int = 0
    mediapipe_ms_p50: float = 0.0
    """The landmarker alone."""
    landmarks_ms_p50: float = 0.0
    crop_ms_p50: float = 0.0
    model_ms_p50: float = 0.0
    judgement_ms_p50: float = 0.0
    """Pose, quality, smoothing and reliability, after `Purified`."""
    analysis_ms_p50: float = 0.0
    """Landmarks to `Purified`."""
    analysis_to_mediapipe: float = 0.0
    """Median over the frames of analysis / landmarker alone."""
    capture_ms_p50: float = 0.0
    draw_ms_p50: float = 0.0
    faces_read: float = 0.0
    """Per live reading, on average: fewer than asked for where some were not found."""
    readings_per_second: float = 0.0
    latency_ms_p50: float = 0.0
    latency_ms_p95: float = 0.0
    cpu_ms: float = 0.0
    """Processor time of the process per live reading: of use where the machine is busy."""
    dropped: int = 0
    rss_mb_start: float = 0.0
    """After the warm-up."""
    rss_mb_end: float = 0.0


def _frames(spec: SourceSpec, faces: int, count: int) -> list[Frame]:
    source = open_source(spec)
    source.open()
    try:
        frames: list[Frame] = []
        while len(frames) < count and (frame := source.read()) is not None:
            frames.append(
                Frame(
                    tile(frame.image, faces, face_centre(spec)),
                    frame.index,
                    frame.media_time,
                    frame.captured_at,
                )
            )
    finally:
        source.close()
    if not frames:
        raise FerdeskError("The source gave no frame to measure.")
    return frames


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else 0.0


def measure_stages(
    predictor: Predictor, spec: SourceSpec, faces: int, count: int, figures: Figures
) -> None:
    """Part 1: fill in the medians of the landmarker alone and of every stage."""
    frames = _frames(spec, faces, min(count, _STAGE_FRAMES) + _WARM_UP)
    alone: list[float] = []
    readings: list[Reading] = []
    analyzer = Analyzer(predictor, faces, 0.0, live=True)
    try:
        with Landmarker(mode="video", max_faces=faces) as landmarker:
            for frame in frames:
                rgb = np.ascontiguousarray(frame.image[:, :, ::-1])
                start = time.perf_counter()
                landmarker.detect(rgb, round(frame.media_time * 1000))
                alone.append((time.perf_counter() - start) * 1e3)
                readings.append(analyzer.analyze(frame))
    finally:
        analyzer.close()
    alone, readings = alone[_WARM_UP:] or alone, readings[_WARM_UP:] or readings
    timings = [reading.timings for reading in readings]
    figures.mediapipe_ms_p50 = _median(alone)
    figures.landmarks_ms_p50 = _median([t.landmarks for t in timings])
    figures.crop_ms_p50 = _median([t.crop for t in timings])
    figures.model_ms_p50 = _median([t.model for t in timings])
    figures.judgement_ms_p50 = _median([t.judgement for t in timings])
    figures.analysis_ms_p50 = _median([t.analysis for t in timings])
    figures.analysis_to_mediapipe = _median(
        [t.analysis / a for t, a in zip(timings, alone, strict=True)]
    )


@dataclass(slots=True)
class _Live:
    """Readings of part 2 as they arrive."""

    faults: list[str] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    draw: list[float] = field(default_factory=list)
    faces: list[float] = field(default_factory=list)
    first: float = 0.0
    last: float = 0.0

    def hear(self, event: EngineEvent) -> None:
        if event.kind is EventKind.ERROR:
            self.faults.append(event.message)


def measure_live(
    predictor: Predictor,
    spec: SourceSpec,
    faces: int,
    fps: float,
    count: int,
    figures: Figures,
    sink: Sink | None = None,
) -> None:
    """Part 2: the engine behind a camera of `fps`, until `count` readings were drawn; `sink` hears
    all of it."""
    from ferdesk.ui.paint.annotated import offscreen_painter
    from ferdesk.ui.state.shown import Shown

    live = _Live()
    camera = PretendedCamera(open_source(spec), fps, faces, face_centre(spec))
    engine = Engine(
        EngineOptions(max_faces=faces),
        live.hear,
        predictor_factory=lambda _path, _device: predictor,
        source_factory=lambda _spec: camera,
    )
    if sink is not None:
        engine.attach(sink)
    taken = 0
    deadline = time.monotonic() + _START_TIMEOUT
    try:
        with offscreen_painter(mesh=figures.mesh) as paint:
            engine.start(spec, Path(predictor.card.name))
            while taken < count + _WARM_UP:
                reading = engine.take_reading(_LOOK_SECONDS)
                if live.faults:
                    raise FerdeskError(live.faults[0])
                if reading is None:
                    if time.monotonic() > deadline:
                        raise FerdeskError("The engine gave no reading for half a minute.")
                    continue
                deadline = time.monotonic() + _SILENCE_TIMEOUT
                start = time.perf_counter()
                paint(Shown(reading))
                live.last = time.perf_counter()
                taken += 1
                if taken == _WARM_UP:
                    live.first = live.last
                    used = time.process_time()
                    dropped = engine.stats().dropped
                    figures.rss_mb_start = resident_mb()
                if taken > _WARM_UP:
                    live.draw.append((live.last - start) * 1e3)
                    live.faces.append(len(reading.faces))
                    live.latency.append((live.last - reading.frame.captured_at) * 1e3)
            figures.cpu_ms = (time.process_time() - used) / count * 1e3
            figures.dropped = engine.stats().dropped - dropped
            figures.rss_mb_end = resident_mb()
    finally:
        engine.close()
    figures.readings_per_second = count / (live.last - live.first)
    figures.capture_ms_p50 = _median(camera.decode_ms)
    figures.draw_ms_p50 = _median(live.draw)
    figures.faces_read = float(np.mean(live.faces))
    figures.latency_ms_p50 = _median(live.latency)
    figures.latency_ms_p95 = float(np.percentile(live.latency, 95))


def report(figures: Figures) -> str:
    """The figures as a table for people."""
    f = figures
    faces = "1 face" if f.faces == 1 else f"{f.faces} faces"
    return (
        f"{f.checkpoint} on {f.device}, {f.source}, {faces}, {f.frames} readings\n\n"
        f"landmarker alone    {f.mediapipe_ms_p50:7.2f} ms\n"
        f"landmarks           {f.landmarks_ms_p50:7.2f} ms\n"
        f"face ids, crops     {f.crop_ms_p50:7.2f} ms\n"
        f"network             {f.model_ms_p50:7.2f} ms\n"
        f"up to `Purified`    {f.analysis_ms_p50:7.2f} ms   "
        f"{f.analysis_to_mediapipe:.2f} x the landmarker alone\n"
        f"pose, reliability   {f.judgement_ms_p50:7.2f} ms\n\n"
        f"live, {f.readings_per_second:.1f} readings per second, {f.dropped} frames dropped\n"
        f"faces read          {f.faces_read:7.2f}\n"
        f"capture             {f.capture_ms_p50:7.2f} ms\n"
        f"draw                {f.draw_ms_p50:7.2f} ms{'  with the mesh' if f.mesh else ''}\n"
        f"capture to drawn    {f.latency_ms_p50:7.2f} ms   p95 {f.latency_ms_p95:.2f} ms\n"
        f"processor time      {f.cpu_ms:7.2f} ms per reading\n"
        f"memory              {f.rss_mb_start:7.1f} MB  at the end {f.rss_mb_end:.1f} MB\n"
    )


def _load_float32(path: Path, _device: str) -> Predictor:
    """On OpenVINO, whatever units the CPU has; converted anew, by torch in this process."""
    from ferdesk.model.checkpoint import load
    from ferdesk.model.conversion import convert
    from ferdesk.model.openvino_backend import OpenVinoBackend
    from ferdesk.model.predictor import Predictor

    network, card = load(path)
    return Predictor(OpenVinoBackend(convert(network), thread_budget().model, "f32"), card)


def bench(
    text: str,
    *,
    frames: int = 300,
    faces: int = 1,
    fps: float = 30.0,
    checkpoint: Path | None = None,
    device: str = "auto",
    as_json: bool = False,
    mesh: bool = False,
    float32: bool = False,
) -> int:
    """Measure and print; 0. Raises FerdeskError."""
    spec = SourceSpec.parse(text, loop=True)
    load = _load_float32 if float32 else load_predictor
    predictor = load(checkpoint or asset(DEFAULT_CHECKPOINT), device)
    figures = Figures(
        source=spec.shown, device=predictor.device, checkpoint=predictor.card.name,
        faces=faces, mesh=mesh, frames=frames,
    )  # fmt: skip
    measure_stages(predictor, spec, faces, frames, figures)
    measure_live(predictor, spec, faces, fps, frames, figures)
    if as_json:
        rounded = {
            k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(figures).items()
        }
        sys.stdout.write(json.dumps(rounded) + "\n")
    else:
        sys.stdout.write(report(figures))
    return 0
