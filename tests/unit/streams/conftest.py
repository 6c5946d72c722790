"""Readings without a network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import Purified
from ferdesk.pipeline.types import Change, FaceReading, Reading, Timings
from ferdesk.sources.base import Frame
from ferdesk.vision.blendshapes import BLENDSHAPES
from ferdesk.vision.types import FaceLandmarks, FaceQuality, HeadPose


def _face(face_id: int, winner: int, reliability: float | None) -> FaceReading:
    shown = np.full(7, 0.05, np.float32)
    shown[winner] = 0.7
    points = np.zeros((478, 3), np.float32)
    points[0, :2], points[1, :2] = (10, 20), (110, 140)
    scores = np.linspace(0, 1, len(BLENDSHAPES), dtype=np.float32)
    one = np.float32(0.5)
    purified = Purified(
        **{
            name: {"embedding": np.zeros(128, np.float32)}.get(
                name, one if name.startswith("c_") else shown
            )
            for name in Purified.__dataclass_fields__
        }
    )
    return FaceReading(
        face_id, FaceLandmarks(points, np.eye(4, dtype=np.float32), scores),
        HeadPose(12.5, -3.0, 1.0), FaceQuality(90.0, 0.1, 0.5, 0.2, 1.0), purified, shown, shown,
        reliability, "", (EXPRESSIONS[winner],),
    )  # fmt: skip


def with_change(reading: Reading) -> Reading:
    """The same with a first face that has changed: 0, 1, … 6 and 0, 0.01, … 0.51."""
    change = Change(np.arange(7, dtype=np.float32), np.arange(52, dtype=np.float32) / 100)
    first = replace(reading.faces[0], change=change)
    return replace(reading, faces=(first, *reading.faces[1:]))


@pytest.fixture(scope="session")
def reading_of() -> Callable[..., Reading]:
    """A reading of frame `index`, captured now: faces as (winner, reliability)."""
    image = np.zeros((240, 320, 3), np.uint8)

    def make(index: int, *faces: tuple[int, float | None]) -> Reading:
        now = time.perf_counter()
        found = tuple(_face(i + 1, *face) for i, face in enumerate(faces))
        return Reading(Frame(image, index, index / 30, now), found, Timings(0, 0, 0, 0, 0), now)

    return make
