"""Which frames are left for fresher ones: hand-worked, and a camera that is almost kept up with."""

from __future__ import annotations

import pytest

from ferdesk.pipeline.pace import Pace

CAMERA = 1 / 30


def steady(seconds: float) -> Pace:
    pace = Pace()
    pace.took(seconds)
    return pace


def test_an_old_frame_is_left_where_the_camera_is_nearly_kept_up_with() -> None:
    pace = steady(0.035)
    assert pace.fresh(0.013, CAMERA)
    assert not pace.fresh(0.014, CAMERA)


@pytest.mark.parametrize(
    ("took", "interval"),
    [(0.026, CAMERA), (0.041, CAMERA), (0.2, CAMERA), (0.035, None)],
    ids=["faster than the camera", "slower", "much slower", "no camera"],
)
def test_otherwise_every_frame_is_read(took: float, interval: float | None) -> None:
    assert steady(took).fresh(0.03, interval)


def test_the_first_frame_is_read() -> None:
    assert Pace().fresh(10.0, CAMERA)


def test_one_slow_analysis_changes_little() -> None:
    pace = steady(0.035)
    pace.took(0.075)  # mean 39 ms: still below 40
    assert not pace.fresh(0.03, CAMERA)
    pace.took(0.075)  # mean 42.6 ms
    assert pace.fresh(0.03, CAMERA)


@pytest.mark.parametrize("took", [0.0334, 0.035, 0.0375, 0.0399])
def test_frames_wait_less_and_at_most_one_reading_in_four_is_lost(took: float) -> None:
    pace = steady(took)
    count, now, waited, due = 0, 0.0, [], 0.0
    while now < 60:
        newest = now // CAMERA * CAMERA
        at = newest if newest >= due else newest + CAMERA
        if not pace.fresh(max(0.0, now - at), CAMERA):
            at += CAMERA
        now = max(now, at)
        waited.append(now - at)
        due = at + CAMERA / 2
        now += took
        count += 1
    assert max(waited) <= 0.4 * CAMERA + 1e-6
    assert count / 60 >= 0.75 / took
