"""One frame in, one reading out. The window and the batch run call the same code."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ferdesk.model.face_geometry import face_geometry
from ferdesk.paths import networks_dir
from ferdesk.pipeline.baseline import Baseline, with_changes
from ferdesk.pipeline.judge import Judge
from ferdesk.pipeline.smoothing import Smoother
from ferdesk.pipeline.types import FaceReading, Reading, ReadingSettings, Timings
from ferdesk.sources.base import Frame
from ferdesk.vision.crop import align_face
from ferdesk.vision.finder import FaceFinder
from ferdesk.vision.tracking import FaceTracker

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor


class Analyzer:
    """Landmarks → ids → crops → network → judge. Belongs to one thread."""

    def __init__(
        self,
        predictor: Predictor,
        max_faces: int,
        smoothing_seconds: float,
        *,
        ids_anew: bool = False,
        small_faces: bool = False,
        live: bool = False,
        finder: FaceFinder | None = None,
    ) -> None:
        """`ids_anew`: the faces of every file are counted from 1. `small_faces` searches videos for
        them, too; `live`: see `FaceFinder`. `finder`: one of these `max_faces` that is ready; the
        analyzer closes it."""
        self.predictor = predictor
        self.max_faces = max_faces
        self.baselines: Mapping[int, Baseline] = {}
        """By face id; may be set between frames."""
        self._ids_anew = ids_anew
        self._file: Path | None = None
        self.smoother = Smoother(smoothing_seconds)
        self._judge = Judge(self.smoother)
        self._tracker = FaceTracker()
        self._finder = finder or FaceFinder(
            max_faces, small_faces=small_faces, live=live, folder=networks_dir()
        )

    @property
    def small_faces(self) -> bool:
        """Whether videos are searched for small faces; may be set between frames."""
        return self._finder.small_faces

    @small_faces.setter
    def small_faces(self, on: bool) -> None:
        self._finder.small_faces = on

    def analyze(self, frame: Frame, capture_ms: float = 0.0) -> Reading:
        """Everything ferdesk knows about `frame`, largest face first.

        FerdeskError when MediaPipe cannot be started.
        """
        self._finder.prepare(still=frame.still)
        start = time.perf_counter()
        self._part_from_the_last(frame)
        rgb = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), np.uint8)
        sight = self._finder.find(rgb, frame.media_time, still=frame.still)
        located = time.perf_counter()
        ids = self._tracker.update([face.box for face in sight.faces], frame.media_time)
        crops = [align_face(rgb, face.points) for face in sight.faces]
        faces = tuple(face.complete() for face in sight.faces)
        cropped = predicted = time.perf_counter()
        readings: tuple[FaceReading, ...] = ()
        if faces:
            stacked = np.stack(crops)
            shapes = np.stack([face_geometry(face.points, face.blendshapes) for face in faces])
            purified = self.predictor.predict(stacked, shapes)
            predicted = time.perf_counter()
            readings = self._judge.judge(self.predictor.card, frame, faces, ids, stacked, purified)
            readings = with_changes(readings, self.baselines)
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
            unread=sight.unread,
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
        if other and not frame.still:
            self._finder.new_scene()
        if other and self._ids_anew:
            self._tracker.reset()
        elif other:
            self._tracker.forget()
        if other or frame.still:
            self._judge.reset()

    def reset(self) -> None:
        """Forget ids and smoothing, and start a fresh landmarker: another scene follows."""
        self.forget()
        self._finder.new_scene()

    def forget(self) -> None:
        """Forget ids and smoothing; the landmarker goes on, which has no memory of pictures."""
        self._tracker.reset()
        self._judge.reset()

    def close(self) -> None:
        """Free the landmarkers."""
        self._finder.close()
