"""Readings for other people's programs: the same `Analyzer` as the window's, without the window."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Reading

if TYPE_CHECKING:
    import numpy as np
    import pandas
    from numpy.typing import NDArray

    from ferdesk.model.checkpoint import Card
    from ferdesk.pipeline.analyzer import Analyzer
    from ferdesk.sources.base import Frame
    from ferdesk.sources.spec import SourceSpec
    from ferdesk.table.values import Value

log = logging.getLogger(__name__)

ColourOrder = Literal["RGB", "BGR"]


class Reader:
    """Reads the expressions of faces in pictures, videos and from cameras.

    Use it from one thread, and close it, best with ``with``.

    >>> with Reader() as reader:
    ...     for face in reader.read_image("group.jpg").faces:
    ...         print(face.label, face.reliability)
    """

    def __init__(
        self,
        checkpoint: Path | str | None = None,
        device: str = "auto",
        *,
        max_faces: int = 3,
        smoothing: float = 0.0,
    ) -> None:
        """Load a network, the one that ships by default: about a second, longer the first time.

        `device`: "auto", "openvino", "cpu", "cuda" or "mps". `smoothing`: time constant in seconds
        over the frames of a video or camera; 0 as in `ferdesk analyze`, 0.3 in the window.
        Raises FerdeskError when the checkpoint or the device cannot be used.
        """
        if max_faces < 1:
            raise FerdeskError(f"max_faces must be at least 1, not {max_faces}.")
        if not 0 <= smoothing < float("inf"):
            raise FerdeskError(f"smoothing must be 0 or more seconds, not {smoothing}.")
        from ferdesk.bootstrap import prepare_environment

        prepare_environment()
        from ferdesk.pipeline.loader import load_predictor
        from ferdesk.resources import DEFAULT_CHECKPOINT, asset

        path = asset(DEFAULT_CHECKPOINT) if checkpoint is None else Path(checkpoint).expanduser()
        self._predictor = load_predictor(path, device)
        self._max_faces = max_faces
        self._smoothing = smoothing
        self._pictures: Analyzer | None = None

    @property
    def card(self) -> Card:
        """What the checkpoint says about itself: classes, training data, measurements."""
        return self._predictor.card

    @property
    def device(self) -> str:
        """Where the network runs, for example "OpenVINO CPU"."""
        return self._predictor.device

    def read_image(
        self, picture: Path | str | NDArray[Any], *, colours: ColourOrder | None = None
    ) -> Reading:
        """The faces of one picture, which has nothing to do with the one before.

        `picture` is a file, or an array: (H, W) grey, (H, W, 3) or (H, W, 4) with alpha; uint8, or
        uint16 over its full range, or float in 0..1. An array does not say which order its colours
        have, so you have to: ``colours="RGB"`` (Pillow, imageio, matplotlib, torchvision) or
        ``colours="BGR"`` (OpenCV). Raises FerdeskError for what is no picture, and for an array in
        colour without `colours`.
        """
        from ferdesk.sources.base import Frame

        if isinstance(picture, (str, Path)):
            from ferdesk.pictures import read_picture

            path = Path(picture).expanduser()
            image, file = read_picture(path), path
        else:
            image, file = _as_bgr(picture, colours), None
        if self._pictures is None:
            self._pictures = self._analyzer()
        frame = Frame(image, 0, 0.0, time.perf_counter(), file=file, still=True)
        self._pictures.forget()
        return self._pictures.analyze(frame)

    def read(self, source: Path | str | Sequence[Path | str]) -> Iterator[Reading]:
        """One reading per frame, in order, until the source ends; also a frame without a face.

        `source` is what `ferdesk` takes: "camera", "camera:NAME", "sample", an address, a video, a
        picture, a folder of either, or several files. Every frame of a file is read, as fast as
        this computer can; a camera is read live. Stop by leaving the loop. Raises FerdeskError
        when the source cannot be opened or is lost.
        """
        from ferdesk.sources.spec import SourceSpec

        if isinstance(source, (str, Path)):
            spec = SourceSpec.parse(str(source))
        else:
            spec = SourceSpec.of_files([Path(file) for file in source])
        return self._read(spec)

    def table(
        self, source: Path | str | Sequence[Path | str], *, everything: bool = False
    ) -> dict[str, NDArray[np.generic]]:
        """All of `read` as arrays of one length, by column: those of `ferdesk analyze`.

        With `everything` those of `ferdesk analyze --all`: every distribution and the 52 face
        movements, too. One row per face and frame; a frame without a face is a row with face 0,
        NaN and "". Face ids begin with 1 in every file.
        """
        from ferdesk.table.arrays import arrays
        from ferdesk.table.columns import OF_FILE, OF_FILE_ALL
        from ferdesk.table.values import face_values, row

        columns = OF_FILE_ALL if everything else OF_FILE
        rows = []
        for reading in self.read(source):
            about = _of_frame(reading.frame)
            if not reading.faces:
                rows.append(row(columns, about))
            for face in reading.faces:
                rows.append(row(columns, {**about, **face_values(face, 0.0)}))
        return arrays(columns, rows)

    def dataframe(
        self, source: Path | str | Sequence[Path | str], *, everything: bool = False
    ) -> pandas.DataFrame:
        """`table` as a DataFrame. FerdeskError where pandas is not installed."""
        from ferdesk.table.arrays import dataframe

        return dataframe(self.table(source, everything=everything))

    def close(self) -> None:
        """Free the landmarker; further calls do nothing."""
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _analyzer(self, *, live: bool = False) -> Analyzer:
        from ferdesk.pipeline.analyzer import Analyzer

        return Analyzer(self._predictor, self._max_faces, self._smoothing, ids_anew=True, live=live)

    def _read(self, spec: SourceSpec) -> Iterator[Reading]:
        from ferdesk.sources.spec import open_source

        source = open_source(spec)
        try:
            analyzer = self._analyzer(live=source.open().live)
            try:
                while True:
                    start = time.perf_counter()
                    frame = source.read()
                    if frame is None:
                        break
                    yield analyzer.analyze(frame, (time.perf_counter() - start) * 1e3)
            finally:
                analyzer.close()
            if source.warning:
                log.warning("%s", source.warning)
        finally:
            source.close()


def _as_bgr(picture: NDArray[Any], colours: ColourOrder | None) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR of an array in the order its caller states. Raises FerdeskError."""
    import numpy as np

    from ferdesk.pictures import to_bgr

    if not isinstance(picture, np.ndarray):
        raise FerdeskError(
            f"A picture is a path or a numpy array, not {type(picture).__name__}; "
            "numpy.asarray(picture) makes an array of a Pillow picture."
        )
    if colours not in ("RGB", "BGR", None):
        raise FerdeskError(f'colours must be "RGB" or "BGR", not {colours!r}.')
    if picture.ndim == 3 and picture.shape[2] in (3, 4):
        if colours is None:
            raise FerdeskError(
                "An array does not say which order its colours have: add "
                'colours="RGB" (Pillow, imageio, matplotlib) or colours="BGR" (OpenCV).'
            )
        if colours == "RGB":
            order = [2, 1, 0, 3][: picture.shape[2]]
            picture = picture[:, :, order]
    elif picture.ndim != 2 and (picture.ndim != 3 or picture.shape[2] != 1):
        shape = "x".join(map(str, picture.shape)) or "none"
        raise FerdeskError(
            f"An array of shape {shape} is no picture; it has to be height x width, or height x "
            "width x 3 or 4 colours."
        )
    # A copy, as a reading keeps its picture and the caller may write into the array again.
    return np.array(to_bgr(picture))


def _of_frame(frame: Frame) -> dict[str, Value]:
    return {
        "file": str(frame.file or ""),
        "frame": frame.index,
        "media_time": math.nan if frame.still else frame.media_time,
    }
