"""Run as a process of its own and killed: records made-up readings at 100 per second, with video.

Prints, line by line, the seconds of the session that were given to the recorder so far.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from ferdesk.model.purified import FIELDS, Purified
from ferdesk.pipeline.types import FaceReading, Reading, ReadingSettings, Timings
from ferdesk.session.recorder import Recorder
from ferdesk.session.writer import SessionInfo
from ferdesk.sources.base import Frame
from ferdesk.vision.types import FaceLandmarks, FaceQuality, HeadPose

SETTINGS = ReadingSettings("made up", "", "none", 0.0, 1)


def made_up(rng: np.random.Generator) -> FaceReading:
    """A face whose numbers mean nothing."""
    values = {name: rng.dirichlet(np.ones(7)).astype(np.float32) for name in FIELDS}
    values.update(
        {name: np.float32(0.5) for name in ("c_p", "c_g", "c_a", "c_t", "c_lm", "novelty")}
    )
    points = (rng.random((478, 3)) * 200).astype(np.float32)
    return FaceReading(
        face_id=1,
        landmarks=FaceLandmarks(points, np.eye(4, dtype=np.float32), np.zeros(52, np.float32)),
        pose=HeadPose(0, 0, 0),
        quality=FaceQuality(*[1.0] * 5),
        purified=Purified(**values),
        calibrated=values["final"],
        probabilities=values["final"],
    )


def main(folder: Path) -> None:
    """Until somebody ends it."""
    rng = np.random.default_rng(0)
    face = made_up(rng)
    image = rng.integers(0, 255, (120, 160, 3), np.uint8)
    recorder = Recorder(folder, SessionInfo("camera"), video=True)
    start = time.perf_counter()
    number = 0
    while True:
        now = time.perf_counter()
        frame = Frame(image, number, now - start, now)
        recorder.frame(frame)
        recorder.reading(Reading(frame, (face,), Timings(0, 0, 0, 0, 0), now + 0.01, SETTINGS))
        sys.stdout.write(f"{now - start:.4f}\n")
        sys.stdout.flush()
        number += 1
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
