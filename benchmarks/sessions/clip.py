"""Real readings of a part of a source, played in a loop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np

from ferdesk.commands.pretended_camera import tile
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.types import Reading, ReadingSettings
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.sample import FACE_CENTRE
from ferdesk.sources.spec import SourceKind, SourceSpec, open_source

FPS = 30
_FRAMES = 90
_NOISE = 3.0
"""Standard deviation in grey values, as of a webcam."""
_READ_SECONDS = 0.03


def clip(source: str) -> list[Reading]:
    """640×480 frames with what was read in them."""
    spec = SourceSpec.parse(source)
    centre = FACE_CENTRE if spec.kind is SourceKind.SAMPLE else 0.5
    predictor = load_predictor(asset(DEFAULT_CHECKPOINT), "auto")
    analyzer, opened = Analyzer(predictor, 1, 0.3), open_source(spec)
    settings = ReadingSettings(predictor.card.name, "", predictor.device, 0.3, 1)
    rng = np.random.default_rng(0)
    opened.open()
    readings: list[Reading] = []
    try:
        while len(readings) < _FRAMES and (frame := opened.read()) is not None:
            picture = tile(frame.image, 1, centre)
            noisy = picture + rng.normal(0, _NOISE, picture.shape)
            image = np.clip(noisy, 0, 255).astype(np.uint8)
            readings.append(replace(analyzer.analyze(replace(frame, image=image)),
                                    settings=settings))  # fmt: skip
    finally:
        opened.close()
        analyzer.close()
    faces = sum(bool(reading.faces) for reading in readings)
    sys.stdout.write(f"{len(readings)} frames of {source}, {faces} of them with a face\n")
    return readings


def clip_from_elsewhere(source: str) -> list[Reading]:
    """`clip`, made in a process of its own.

    Landmarker and network leave freed memory behind, scattered over a large heap. What is recorded
    afterwards would spread over it bit by bit and look like growth.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(clip, source).result()


def looped(readings: list[Reading], seconds: float, start: float = 0.0) -> Iterator[Reading]:
    """As if a camera had given them from `start` on, `FPS` per second."""
    for i in range(round(seconds * FPS)):
        reading = readings[i % len(readings)]
        at = start + i / FPS
        frame = replace(reading.frame, index=i, media_time=i / FPS, captured_at=at)
        yield replace(reading, frame=frame, finished_at=at + _READ_SECONDS)
