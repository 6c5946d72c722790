"""MediaPipe's FaceLandmarker behind a small, safe door."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.result import find
from ferdesk.vision.task import Task, contiguous, read_model
from ferdesk.vision.types import FaceLandmarks

_ASSUMED_INTERVAL_MS: Final = 33
"""Between two video frames that come without a timestamp."""


class Landmarker(Task):
    """Finds faces and their 478 landmarks in RGB frames, one call at a time.

    Mode "video" follows faces from frame to frame and needs frames in order; "image" treats each
    frame alone and gives the same answer for the same picture. May be used from any thread, but
    must be closed, best with ``with``.
    """

    def __init__(
        self,
        *,
        mode: Literal["video", "image"] = "video",
        max_faces: int = 1,
        model_path: Path | None = None,
    ) -> None:
        """Load the model (about 1.5 s for the first one in a process).

        Raises FerdeskError when the model file is missing, altered or cannot be started.
        """
        if max_faces < 1:
            raise ValueError(f"max_faces must be at least 1, got {max_faces}")
        model = read_model(model_path)
        self._video = mode == "video"
        self._last_timestamp = -1

        def create() -> Any:
            from mediapipe.tasks.python import vision
            from mediapipe.tasks.python.core.base_options import BaseOptions

            options = vision.FaceLandmarkerOptions(
                base_options=BaseOptions(
                    model_asset_buffer=model, delegate=BaseOptions.Delegate.CPU
                ),
                running_mode=vision.RunningMode.VIDEO if self._video else vision.RunningMode.IMAGE,
                num_faces=max_faces,
                output_facial_transformation_matrixes=True,
                output_face_blendshapes=True,
            )
            return vision.FaceLandmarker.create_from_options(options)

        super().__init__(create)

    def detect(
        self, rgb: NDArray[np.uint8], timestamp_ms: int | None = None
    ) -> tuple[FaceLandmarks, ...]:
        """Faces in one (H, W, 3) uint8 RGB frame with any strides, in no particular order.

        `timestamp_ms` matters in video mode only, where it steers MediaPipe's smoothing; one that
        does not grow is raised to the last one plus 1. Raises FerdeskError for a frame of another
        shape or type, and RuntimeError once closed.
        """
        frame = contiguous(rgb)
        from mediapipe import Image, ImageFormat

        with self._opened() as task:
            image = Image(image_format=ImageFormat.SRGB, data=frame)
            found = find(task, image, self._next_timestamp(timestamp_ms) if self._video else None)
        height, width = frame.shape[:2]
        scale = np.array((width, height, width), dtype=np.float32)
        return tuple(
            FaceLandmarks(face.points * scale, face.transform, face.blendshapes) for face in found
        )

    def _next_timestamp(self, given: int | None) -> int:
        if given is None:
            given = self._last_timestamp + _ASSUMED_INTERVAL_MS
        self._last_timestamp = max(self._last_timestamp + 1, int(given))
        return self._last_timestamp
