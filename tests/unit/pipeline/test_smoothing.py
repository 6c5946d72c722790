"""The time constant is a time constant, whatever the frame rate."""

import math

import numpy as np
import pytest

from ferdesk.pipeline.smoothing import Smoother

A, B = np.eye(7, dtype=np.float32)[:2]


@pytest.mark.parametrize("fps", [10, 30, 200])
def test_63_percent_after_the_time_constant_at_any_rate(fps: int) -> None:
    smoother = Smoother(0.5)
    smoother.update(1, 0.0, A)
    steps = int(0.5 * fps)
    out = A
    for i in range(1, steps + 1):
        out = smoother.update(1, i / fps, B)
    assert out[1] == pytest.approx(1 - math.exp(-1), abs=1e-4)
    assert out.sum() == pytest.approx(1.0, abs=1e-5)


def test_off_gaps_faces_and_reset() -> None:
    assert np.array_equal(Smoother(0).update(1, 0.1, B), B)
    smoother = Smoother(10.0)
    smoother.update(1, 0.0, A)
    assert np.array_equal(smoother.update(2, 0.1, B), B), "another face has its own history"
    assert smoother.update(1, 0.1, B)[0] > 0.9
    assert np.array_equal(smoother.update(1, 5.0, B), B), "a long gap forgets"
    smoother.update(1, 5.1, A)
    smoother.reset()
    assert np.array_equal(smoother.update(1, 5.2, B), B)
