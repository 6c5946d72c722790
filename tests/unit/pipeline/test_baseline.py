"""The neutral baseline: worked by hand, and when there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ferdesk.pipeline.baseline import Baseline, BaselineError, Taken, with_changes
from ferdesk.pipeline.neutral import NeutralStretch
from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.vision.types import HeadPose
from tests.unit.streams.conftest import reading_of  # noqa: F401

Faces = tuple[FaceReading, ...]


@pytest.fixture
def face(reading_of: Callable[..., Reading]) -> FaceReading:  # noqa: F811
    return reading_of(0, (0, 0.9)).faces[0]


def with_(face: FaceReading, q: list[float], smile: float = 0.0) -> FaceReading:
    """These probabilities, and this score of every movement."""
    scores = np.full(52, smile, np.float32)
    return replace(
        face, probabilities=np.array(q, np.float32),
        landmarks=replace(face.landmarks, blendshapes=scores),
    )  # fmt: skip


def test_worked_by_hand(face: FaceReading) -> None:
    # At rest half of the readings say sadness 0.4, half 0.1: the mean of ln is ln 0.2.
    a = with_(face, [0.4, 0.1, 0.0, 0.4, 0.1, 0.0, 0.0], smile=0.2)
    b = with_(face, [0.4, 0.4, 0.0, 0.1, 0.1, 0.0, 0.0], smile=0.4)
    baseline = Baseline.of(1, [(a,), (b,)] * 5)
    assert baseline.readings == 10
    assert baseline.log_probabilities == pytest.approx(
        [math.log(0.4), math.log(0.2), math.log(1e-4), math.log(0.2), math.log(0.1),
         math.log(1e-4), math.log(1e-4)], abs=1e-6,
    )  # fmt: skip
    assert baseline.blendshapes == pytest.approx(np.full(52, 0.3), abs=1e-6)
    # Later: sadness as at rest, happiness four times as likely, neutral half, surprise from none.
    later = with_(face, [0.2, 0.8, 0.01, 0.2, 0.1, 0.0, 0.0], smile=0.9)
    change = baseline.change(later)
    assert change.log_probabilities == pytest.approx(
        [-math.log(2), math.log(4), math.log(100), 0.0, 0.0, 0.0, 0.0], abs=1e-5
    )
    assert change.blendshapes == pytest.approx(np.full(52, 0.6), abs=1e-6)
    (same,) = with_changes((later,), {1: baseline})
    assert same.change is not None
    assert same.change.log_probabilities[1] == pytest.approx(math.log(4), abs=1e-5)
    assert np.array_equal(same.probabilities, later.probabilities), "the reading stays as it is"
    assert same.reliability == later.reliability
    assert with_changes((later,), {2: baseline})[0].change is None


def turned(face: FaceReading) -> FaceReading:
    return replace(face, pose=HeadPose(35.0, 0.0, 0.0))


def cut(face: FaceReading) -> FaceReading:
    return replace(face, quality=replace(face.quality, inside=0.7))


def other(face: FaceReading) -> FaceReading:
    return replace(face, face_id=2)


@pytest.mark.parametrize(
    ("bad", "count", "of", "sentence"),
    [
        (None, 9, 9, "only 9 readings"),
        (other, 20, 20, "was not in view"),
        (other, 5, 20, "found in only 15 of 20"),
        (turned, 5, 20, "was turned away"),
        (cut, 5, 20, "outside the picture"),
    ],
)
def test_no_baseline_says_why(
    face: FaceReading,
    bad: Callable[[FaceReading], FaceReading] | None,
    count: int,
    of: int,
    sentence: str,
) -> None:
    good: list[Faces] = [(face,)] * (of - count)
    stretch = good + [(bad(face) if bad else face,)] * count
    with pytest.raises(BaselineError, match=sentence) as caught:
        Baseline.of(1, stretch)
    assert str(caught.value).startswith("No baseline: ")
    if bad is not None:
        # A fifth may be like that: a blink, a glance.
        assert Baseline.of(1, [(face,)] * 16 + [(bad(face),)] * 4).readings >= 16


def test_a_stretch_of_a_source_without_a_window(reading_of: Callable[..., Reading]) -> None:  # noqa: F811
    taken: list[Taken] = []
    refused: list[str] = []
    for begin, seconds in ((2.0, 9.0), (2.0, 6.0), (0.0, 6.0)):
        sink = NeutralStretch(begin, taken.append, refused.append)
        for i in range(round(seconds * 10)):
            at = 50.0 + i / 10
            faces = ((3, 0.9),) if begin else ()
            reading = reading_of(i, *faces)
            sink.reading(replace(reading, frame=replace(reading.frame, captured_at=at)))
    (one,) = taken
    assert (one.face, one.since, one.until) == (1, pytest.approx(52.0), pytest.approx(57.0))
    assert one.baseline.readings == 51
    assert len(refused) == 1, "the second was over before"
    assert "not in view" in refused[0]
