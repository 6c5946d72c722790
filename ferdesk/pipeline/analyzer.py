"""One frame in, one reading out. The window and the batch run call the same code."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ferdesk.model.face_geometry import face_geometry
from ferdesk.pipeline.judge import Judge
from ferdesk.pipeline.smoothing import Smoother
from ferdesk.pipeline.types import FaceReading, Reading, ReadingSettings, Timings
from ferdesk.sources.base import Frame
from ferdesk.vision.crop import align_face
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.tracking import FaceTracker
from ferdesk.vision.types import FaceLandmarks

if TYPE_CHECKING:
    from ferdesk.model.face_geometry import face_geometry
from ferdesk.model.predictor import Predictor


def _area(face: FaceLandmarks) -> float:
    _, _, width, height = face.box
    return width * height


class Analyzer:
    """Landmarks → ids → crops → network → judge. Belongs to one thread."""

    def __init__(
        self,
        predictor: Predictor,
        max_faces: int,
        smoothing_seconds: float,
        *,
        ids_anew: bool = False,
    ) -> None:
        """`ids_anew`: the faces of every file are counted from 1. FerdeskError when the landmarker
        cannot be started."""
        self.predictor = predictor
        self.max_faces = max_faces
        self._ids_anew = ids_anew
        self._still = False
        self._file: Path | None = None
        self.smoother = Smoother(smoothing_seconds)
        self._judge = Judge(self.smoother)
        self._tracker = FaceTracker()
        self._landmarker = self._make_landmarker()

    def analyze(self, frame: Frame, capture_ms: float = 0.0) -> Reading:
        """Everything ferdesk knows about `frame`, largest face first."""
        start = time.perf_counter()
        self._part_from_the_last(frame)
        rgb = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), np.uint8)
        found = self._landmarker.detect(rgb, round(frame.media_time * 1000))
        faces = sorted(found, key=_area, reverse=True)
        located = time.perf_counter()
        ids = self._tracker.update([face.box for face in faces], frame.media_time)
        crops = [align_face(rgb, face.points) for face in faces]
        cropped = predicted = time.perf_counter()
        readings: tuple[FaceReading, ...] = ()
        if faces:
            stacked = np.stack(crops)
            shapes = np.stack([face_geometry(face.points, face.blendshapes) for face in faces])
            purified = self.predictor.predict(stacked, shapes)
            predicted = time.perf_counter()
            readings = self._judge.judge(self.predictor.card, frame, faces, ids, stacked, purified)
        finished = time.perf_counter()
        return Reading(
            frame=frame,
            faces=readings,
            timings=Timings(
                capture=capture_ms,
                waiting=(start - frame.captured_at) * 1e3,
                landmarks=(located - start) * 1e3,
                crop=(cropped - located) * 1e3,
                model=(predicted - cropped) * 1e3,
                judgement=(finished - predicted) * 1e3,
            ),
            finished_at=finished,
            settings=self._settings(),
        )

    def _settings(self) -> ReadingSettings:
        predictor = self.predictor
        return ReadingSettings(
            checkpoint=predictor.card.name,
            checkpoint_sha256=predictor.card.sha256,
            device=predictor.device,
            smoothing_seconds=self.smoother.seconds,
            max_faces=self.max_faces,
        )

    def _part_from_the_last(self, frame: Frame) -> None:
        """Frames of different files share no face and no memory; pictures are not smoothed."""
        other = frame.file != self._file or (frame.still and frame.file is None)
        self._file = frame.file
        if frame.still is not self._still:
            self._still = frame.still
            self._renew_landmarker()
        elif other and not frame.still:
            self._renew_landmarker()
        if other and self._ids_anew:
            self._tracker.reset()
        elif other:
            self._tracker.forget()
        if other or frame.still:
            self._judge.reset()

    def _renew_landmarker(self) -> None:
        self._landmarker.close()
        self._landmarker = self._make_landmarker()

    def _make_landmarker(self) -> Landmarker:
        return Landmarker(mode="image" if self._still else "video", max_faces=self.max_faces)

    def reset(self) -> None:
        """Forget ids and smoothing, and start a fresh landmarker: another scene follows."""
        self.forget()
        self._renew_landmarker()

    def forget(self) -> None:
        """Forget ids and smoothing; the landmarker goes on, which has no memory of pictures."""
        self._tracker.reset()
        self._judge.reset()

    def close(self) -> None:
        """Free the landmarker."""
        self._landmarker.close()
