"""ferdesk as a contestant: the application's own analyzer and predictor, in this process.

Where the landmarker finds a face, the analyzer gives the network its geometry; the network on the
whole picture does without landmarks. Clips are read as files are, so that answers repeat.
"""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.rivals.answers import Answer, Face, Kind, Task
from ferdesk import __version__
from ferdesk.model.predictor import Predictor
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.engine import EngineOptions
from ferdesk.pipeline.types import FaceReading
from ferdesk.sources.base import Frame


@lru_cache(maxsize=8)
def _open(file: Path) -> NDArray[np.uint8]:
    pictures: NDArray[np.uint8] = np.load(file, mmap_mode="r")
    return pictures


class Ours:
    """A `Contestant` with the application's default options and OpenCV threads, on OpenVINO."""

    def __init__(self, checkpoint: Path, threads: int) -> None:
        """Raises FerdeskError when the checkpoint or the device cannot be used."""
        self._options = EngineOptions()
        self._predictor = Predictor.from_checkpoint(checkpoint, "openvino", threads)
        digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
        self._analyzers: dict[Task, Analyzer] = {}
        self.title = f"ferdesk {__version__}"
        self.versions = {
            "checkpoint": f"{self._predictor.card.name} (sha256 {digest[:12]}…)",
            "precision": self._predictor.precision,
            **{name: version(name) for name in ("openvino", "mediapipe", "numpy")},
        }

    def _analyzer(self, task: Task) -> Analyzer:
        if task not in self._analyzers:
            still = task.kind is Kind.PICTURES
            self._analyzers[task] = Analyzer(
                self._predictor,
                self._options.max_faces,
                0.0 if still else self._options.smoothing_seconds,
            )
        return self._analyzers[task]

    def answer(self, task: Task, first: int, last: int) -> list[Answer]:
        """See `Contestant`."""
        pictures = [np.array(picture) for picture in _open(task.file)[first:last]]
        if task.kind is Kind.WHOLE:
            return [self._whole(picture) for picture in pictures]
        analyzer = self._analyzer(task)
        answers = []
        for index, picture in enumerate(pictures, first):
            start = time.perf_counter()
            media_time = index / task.fps if task.fps else 0.0
            still = task.kind is Kind.PICTURES
            frame = Frame(picture, index, media_time, start, still=still)
            reading = analyzer.analyze(frame)
            ms = (time.perf_counter() - start) * 1e3
            answers.append(Answer(ms, tuple(self._face(face) for face in reading.faces)))
        return answers

    def _whole(self, picture: NDArray[np.uint8]) -> Answer:
        size = self._predictor.size
        start = time.perf_counter()
        rgb = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), (size, size))
        purified = self._predictor.predict(np.asarray(rgb, np.uint8)[None])
        calibration = self._predictor.card.calibration
        final = purified.final if calibration is None else calibration.apply(purified.final)
        ms = (time.perf_counter() - start) * 1e3
        return Answer(ms, (Face(final[0].astype(np.float64)),))

    def _face(self, reading: FaceReading) -> Face:
        _, _, width, height = reading.landmarks.box
        return Face(
            reading.calibrated.astype(np.float64),
            width * height,
            reading.probabilities.astype(np.float64),
        )

    def reset(self) -> None:
        """See `Contestant`."""
        for analyzer in self._analyzers.values():
            analyzer.reset()

    def close(self) -> None:
        """See `Contestant`."""
        for analyzer in self._analyzers.values():
            analyzer.close()
        self._analyzers.clear()
