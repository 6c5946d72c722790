"""One source from its first frame to its last: the rows of the table, and what is counted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferdesk.commands.analyze.progress import Progress
from ferdesk.errors import FerdeskError
from ferdesk.interrupt import Interrupt
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.types import Reading
from ferdesk.sources.base import Frame, Source
from ferdesk.sources.file_list import FileListSource
from ferdesk.table.values import Value, face_values, row


class Walk:
    """Reads and analyses; counts what it met."""

    def __init__(self, source: Source, analyzer: Analyzer, threshold: float) -> None:
        """`source` is open; `threshold`: see `FaceReading.answer`."""
        self._source = source
        self._analyzer = analyzer
        self._threshold = threshold
        self.frames = self.with_face = self.rows = 0
        self.clearest: Reading | None = None
        """The reading with the largest calibrated probability."""
        self.stopped = False
        """Ctrl-C came before the end."""
        self.error: FerdeskError | None = None
        """The source was lost before the end."""
        self._best = -1.0

    def table(
        self, names: Sequence[str], folder: Path | None, limit: int, progress: Progress,
        interrupt: Interrupt,
    ) -> Iterator[tuple[Value, ...]]:  # fmt: skip
        """The rows of these columns; `file` is told as seen from `folder`. 0: no `limit`."""
        while not limit or self.frames < limit:
            if interrupt.asked:
                self.stopped = True
                return
            start = time.perf_counter()
            try:
                frame = self._source.read()
            except FerdeskError as error:
                self.error = error
                return
            if frame is None:
                return
            reading = self._analyzer.analyze(frame, (time.perf_counter() - start) * 1e3)
            self._count(reading)
            where = {**_of_frame(frame, folder), "unread": reading.unread}
            if not reading.faces:
                yield row(names, where)
            for face in reading.faces:
                yield row(names, {**where, **face_values(face, self._threshold)})
            progress.frame()

    def faults(self) -> tuple[str, ...]:
        """One sentence for each file that could not be read, or only in part."""
        if isinstance(self._source, FileListSource):
            return tuple(self._source.faults.values())
        return (self._source.warning,) if self._source.warning else ()

    def _count(self, reading: Reading) -> None:
        self.frames += 1
        self.with_face += bool(reading.faces)
        self.rows += max(1, len(reading.faces))
        for face in reading.faces:
            score = float(face.calibrated.max())
            if score > self._best:
                self._best, self.clearest = score, reading


def _of_frame(frame: Frame, folder: Path | None) -> dict[str, Value]:
    values: dict[str, Value] = {"frame": frame.index}
    if frame.file is not None:
        values["file"] = _seen_from(folder, frame.file)
    if not frame.still:
        values["media_time"] = frame.media_time
    return values


def _seen_from(folder: Path | None, file: Path) -> str:
    if folder is None:
        return str(file)
    return Path(os.path.relpath(file, folder)).as_posix()
