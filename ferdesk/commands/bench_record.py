"""What recording costs: the live bench with and without it, in turn, in one run."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferdesk.commands.bench import Figures, measure_live
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.loader import load_predictor
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.session.recorder import Recorder
from ferdesk.session.writer import SessionInfo
from ferdesk.sources.spec import SourceSpec

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor

_ORDER: Final = ("off", "numbers", "video", "video", "numbers", "off")
"""Forwards and backwards, so that a machine that grows slower harms all alike."""
_CLOSE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Mode:
    """Figures of one way of recording, over all of its turns."""

    readings_per_second: list[float] = field(default_factory=list)
    latency_ms_p50: list[float] = field(default_factory=list)
    latency_ms_p95: list[float] = field(default_factory=list)
    cpu_ms_per_frame: list[float] = field(default_factory=list)
    """Of the whole process, start of the landmarker included, per captured frame."""
    dropped: int = 0
    """Frames that were captured and not analysed."""
    not_kept: int = 0
    """Frames, readings and pictures that the recorder had no room for."""
    megabytes: float = 0.0
    seconds: float = 0.0


def bench_recording(
    text: str,
    *,
    frames: int = 300,
    faces: int = 1,
    fps: float = 30.0,
    checkpoint: Path | None = None,
    device: str = "auto",
    as_json: bool = False,
) -> int:
    """Measure and print; `frames` readings per turn, two turns per mode; 0. FerdeskError."""
    spec = SourceSpec.parse(text, loop=True)
    predictor = load_predictor(checkpoint or asset(DEFAULT_CHECKPOINT), device)
    modes = {name: Mode() for name in dict.fromkeys(_ORDER)}
    with tempfile.TemporaryDirectory(prefix="ferdesk-bench-") as place:
        for turn, name in enumerate(_ORDER):
            folder = Path(place) / str(turn)
            folder.mkdir()
            _turn(predictor, spec, faces, fps, frames, name, folder, modes[name])
    if as_json:
        sys.stdout.write(json.dumps({name: asdict(mode) for name, mode in modes.items()}) + "\n")
    else:
        sys.stdout.write(report(modes, predictor, fps))
    return 0


def _turn(
    predictor: Predictor,
    spec: SourceSpec,
    faces: int,
    fps: float,
    frames: int,
    name: str,
    folder: Path,
    mode: Mode,
) -> None:
    figures = Figures()
    recorder = None
    if name != "off":
        recorder = Recorder(folder, SessionInfo(str(spec)), video=name == "video")
    start = time.process_time()
    try:
        measure_live(predictor, spec, faces, fps, frames, figures, recorder)
    finally:
        if recorder is not None:
            recorder.stop()
            if not recorder.join(_CLOSE_SECONDS):
                raise FerdeskError("The recording could not be closed within a minute.")
    spent = (time.process_time() - start) * 1e3
    mode.cpu_ms_per_frame.append(spent / (frames + figures.dropped))
    mode.readings_per_second.append(figures.readings_per_second)
    mode.latency_ms_p50.append(figures.latency_ms_p50)
    mode.latency_ms_p95.append(figures.latency_ms_p95)
    mode.dropped += figures.dropped
    if recorder is not None:
        status = recorder.status()
        mode.not_kept += status.frames_dropped + status.readings_dropped + status.video_dropped
        mode.megabytes += status.bytes_written / 1e6
        mode.seconds += status.seconds


def report(modes: dict[str, Mode], predictor: Predictor, fps: float) -> str:
    """The figures as a table for people: means over the turns of each mode."""
    off = modes["off"]
    lines = [
        f"{predictor.card.name} on {predictor.device}, camera of {fps:g} fps, in turn: "
        f"{', '.join(_ORDER)}\n",
        "recording   readings/s   of off   latency p50     more    p95      CPU/frame   not kept"
        "   MB/min",
    ]
    for name, mode in modes.items():
        rate, latency = np.mean(mode.readings_per_second), np.mean(mode.latency_ms_p50)
        share = rate / np.mean(off.readings_per_second)
        more = latency - np.mean(off.latency_ms_p50)
        size = mode.megabytes / mode.seconds * 60 if mode.seconds else 0.0
        lines.append(
            f"{name:9s} {rate:12.1f} {share:8.1%} {latency:10.1f} ms {more:+7.1f} "
            f"{np.mean(mode.latency_ms_p95):7.1f} ms {np.mean(mode.cpu_ms_per_frame):8.1f} ms "
            f"{mode.not_kept:10d} {size:8.1f}"
        )
    return "\n".join(lines) + "\n"
