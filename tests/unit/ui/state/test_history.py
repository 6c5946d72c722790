"""The last minute of every face: a ring without copies, with gaps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ferdesk.ui.state.history import Histories, History
from tests.qt.readings import make_face, make_reading


def test_history_is_contiguous_when_it_wraps() -> None:
    history = History(capacity=8)
    for t in range(20):
        face = make_face(probabilities=np.full(7, t / 20, np.float32))
        history.add(float(t), face)
    times, shares, confidences = history.window(14.5)
    assert times.tolist() == [15, 16, 17, 18, 19]
    assert shares.shape == (7, 5)
    assert np.allclose(shares[0], times / 20)
    assert confidences.shape == (4, 5)
    assert history.window(-1)[0].tolist() == list(range(12, 20))
    assert times.base is not None


def test_gaps_are_stored_once_and_old_faces_forgotten() -> None:
    histories = Histories(keep_seconds=5)
    histories.add(make_reading(captured_at=0.0))
    for t in range(1, 4):
        histories.add(make_reading((), captured_at=float(t)))
    first = histories.of(1)
    assert first is not None
    assert first.window(-1)[0].tolist() == [0.0, 1.0]
    assert np.isnan(first.window(-1)[1][:, 1]).all()
    histories.add(make_reading((), captured_at=20.0))
    assert histories.of(1) is None


def test_an_interruption_is_one_gap_and_another_file_begins_anew() -> None:
    histories = Histories()
    histories.add(make_reading(), 1.0)
    histories.interrupt()
    histories.add(make_reading(), 9.0)
    first = histories.of(1)
    assert first is not None
    times, shares, _ = first.window(-1)
    assert times.tolist() == [1.0, 9.0, 9.0]
    assert np.isnan(shares[0]).tolist() == [False, True, False]
    other = make_reading()
    frame = replace(other.frame, file=Path("b.mp4"))
    histories.add(replace(other, frame=frame), 9.1)
    first = histories.of(1)
    assert first is not None
    assert first.window(-1)[0].tolist() == [9.1]
