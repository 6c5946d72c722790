"""A moment of a session while it is being recorded."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Reading
from ferdesk.session.past import Moment, moment
from ferdesk.session.recorder import Recorder
from ferdesk.session.writer import SessionInfo
from tests.unit.session.test_recorder import feed


def soon(folder: Path, seconds: float, *, picture: bool) -> Moment:
    """It takes up to a second until it is on the disk."""
    end = time.monotonic() + 20
    while True:
        try:
            found = moment(folder, seconds, 1000.0, of_file=False)
            if not picture or not found.complaint:
                return found
        except FerdeskError:
            pass
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("video", [True, False])
def test_a_moment_beside_the_recording(
    tmp_path: Path, readings: list[Reading], video: bool
) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    recorder = Recorder(folder, SessionInfo("camera"), video=video)
    assert recorder.started_at is None
    feed(recorder, readings, 40)
    assert recorder.started_at == 1000.0
    found = soon(folder, 0.41, picture=video)
    wanted = readings[10 % len(readings)]
    assert found.reading.frame.captured_at == pytest.approx(1000.4)
    shown = found.reading.faces[0].probabilities
    assert np.array_equal(shown, wanted.faces[0].probabilities)
    image = found.reading.frame.image
    assert image.shape == wanted.frame.image.shape
    if video:
        assert np.abs(image.astype(int) - wanted.frame.image).mean() < 6
    else:
        assert found.complaint == "no picture was kept"
        assert image.std() == 0
    with pytest.raises(FerdeskError, match="not in the recording"):
        moment(folder, 50.0, 1000.0, of_file=False)
    feed(recorder, readings, 10, first=40)
    recorder.stop()
    assert recorder.join(30)
    assert recorder.status().readings == 50, "the recording went on"
