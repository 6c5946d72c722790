"""MediaPipe's landmark and blendshape models on OpenVINO."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ferdesk.quiet_openvino import ov
from ferdesk.vision.kept_models import compiled
from ferdesk.vision.square import MODEL_SIZE, Square
from ferdesk.vision.task import read_part

_LANDMARKS: Final = "face_landmarks_detector.tflite"
_BLENDSHAPES: Final = "face_blendshapes.tflite"
_MOST_THREADS: Final = 4
_NUM_LANDMARKS: Final = 478
_SEVERAL: Final = 3
"""From so many faces on each has a thread of its own."""

# fmt: off
_SHAPED_BY: Final = np.array((
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66,
    67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144,
    145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173,
    176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284,
    285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332,
    334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473,
    474, 475, 476, 477,
))
# fmt: on
"""The 146 landmarks that the blendshape model takes (`kLandmarksSubsetIdxs` in MediaPipe)."""


class FaceModels:
    """The two models without MediaPipe's graph around them. Belongs to one thread."""

    def __init__(
        self, folder: Path | None = None, precision: Literal["f32", "f16", "bf16"] = "f32"
    ) -> None:
        """Read and compile, half a second; a sixth of it where that is kept in `folder`.

        `precision` of the multiplications: the shorter ones are no faster, or move the landmarks
        too much (`benchmarks.landmarks`). Raises FerdeskError for a damaged model file,
        RuntimeError where OpenVINO cannot use it.
        """
        self._threads = max(1, min(_MOST_THREADS, os.cpu_count() or 1))
        self._folder, self._precision = folder, precision
        self._lines: list[_Line] = []
        self._single = self._line("landmarks", _landmark_model, 1, precision)
        self._blendshapes = self._line("blendshapes", _blendshape_model, self._threads, "f32")

    def _line(
        self, name: str, build: Callable[[ov.Core], ov.Model], streams: int, precision: str
    ) -> _Line:
        model = compiled(
            build, name, self._folder, threads=self._threads, streams=streams, precision=precision
        )
        self._lines.append(_Line(model))
        return self._lines[-1]

    @cached_property
    def _several(self) -> _Line:
        """A face per thread: more faces in the same time, though each one takes longer."""
        return self._line("landmarks", _landmark_model, self._threads, self._precision)

    def landmarks(
        self, rgb: NDArray[np.uint8], squares: Sequence[Square]
    ) -> Iterator[NDArray[np.float64] | None]:
        """(478, 3) landmarks of the face in every square of an (H, W, 3) uint8 RGB picture, in its
        pixels; None where no face is. See `FaceLandmarks.points`.

        One after the other, while the next ones are computed.
        """
        line = self._several if len(squares) >= _SEVERAL else self._single
        running = []
        for square in squares:
            square.cut(rgb, line.input()[0])
            running.append(line.begin())
        for square, face in zip(squares, running, strict=True):
            mesh, presence, _ = face.end()
            # A logit: above 0 a face is likelier than none, as MediaPipe decides.
            is_face = presence.item() > 0 and np.isfinite(mesh).all()
            yield square.placed(mesh.reshape(_NUM_LANDMARKS, 3)) if is_face else None

    def drop(self) -> None:
        """Wait for what an error left running, and forget it."""
        for line in self._lines:
            line.drop()

    def begin_blendshapes(self, points: NDArray[np.floating]) -> Running:
        """Compute (52,) scores of a face with landmarks (478, 2 or more) in pixels, beside other
        work."""
        self._blendshapes.input()[0] = points[_SHAPED_BY, :2]
        return self._blendshapes.begin()


class Running:
    """What a model computes for one face."""

    def __init__(self, line: _Line, request: Any) -> None:
        self._line = line
        self.request = request

    def end(self) -> list[NDArray[np.float32]]:
        """Wait for the model's outputs. Once, and before `FaceModels.drop`, else ValueError."""
        return self._line.end(self)


class _Line:
    """Runs one compiled model for one face after the other, while other work goes on."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._outputs = len(model.outputs)
        self._free: list[Any] = []
        self._running: list[Running] = []

    def input(self) -> NDArray[Any]:
        """Where to write what `begin` begins with."""
        if not self._free:
            self._free.append(self._model.create_infer_request())
        tensor: NDArray[Any] = self._free[-1].get_input_tensor(0).data
        return tensor

    def begin(self) -> Running:
        """Compute on a thread of OpenVINO's; returns at once."""
        request = self._free.pop()
        request.start_async()
        self._running.append(Running(self, request))
        return self._running[-1]

    def end(self, running: Running) -> list[NDArray[np.float32]]:
        """See `Running`."""
        self._running.remove(running)
        request = running.request
        request.wait()
        answers = [request.get_output_tensor(i).data.copy() for i in range(self._outputs)]
        self._free.append(request)
        return answers

    def drop(self) -> None:
        """End all that was begun."""
        for running in tuple(self._running):
            self.end(running)


def _landmark_model(core: ov.Core) -> ov.Model:
    """It takes (1, 256, 256, 3) uint8 RGB."""
    from openvino.preprocess import PrePostProcessor

    model = _read(core, _LANDMARKS)
    model.reshape([1, MODEL_SIZE, MODEL_SIZE, 3])
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8)
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    return steps.build()


def _blendshape_model(core: ov.Core) -> ov.Model:
    """It takes (1, 146, 2) float32."""
    return _read(core, _BLENDSHAPES)


def _read(core: ov.Core, name: str) -> ov.Model:
    """OpenVINO reads models of this kind from files only."""
    with tempfile.TemporaryDirectory(prefix="ferdesk-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, name)
        path.write_bytes(read_part(name))
        return core.read_model(path)
