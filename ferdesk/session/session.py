"""One session, opened: what the player, the exports, the report and a notebook read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from ferdesk.pipeline.types import FaceReading
from ferdesk.session.folder import VIDEO, OpenedStore, find_database
from ferdesk.session.records import AnalysisRecord, FrameRecord, SessionState

if TYPE_CHECKING:
    import numpy as np
    import pandas
    from numpy.typing import NDArray

    from ferdesk.session.baselines import Baselines

_CHUNK: Final = 300
"""Frames whose faces are read from the database in one go."""


class Session:
    """Reads and edits a session folder. Use it from one thread, and close it, best with ``with``.

    >>> with Session.open("2026-11-25_14-03-12") as session:
    ...     table = session.readings()
    ...     table["time"], table["probability_happiness"]
    """

    def __init__(self, opened: OpenedStore, folder: Path) -> None:
        self._opened = opened
        self.folder = folder
        self.store = opened.store
        self.read_only = opened.read_only
        self.notes = tuple(opened.notes)
        """Sentences about what was found: recovered, damaged, write-protected, without its video.
        """
        if self.has_video and self.video is None:
            self.notes += (
                f"The video of the session '{self.name}' is missing ({self._video_name()}); "
                "everything that was read is there, without pictures.",
            )

    @classmethod
    def open(cls, place: Path | str, *, read_only: bool = False) -> Self:
        """The session in a folder, or that a file belongs to.

        A recording that was cut off is recovered, a damaged database mended (its original is
        kept): see `notes`. SessionError, one sentence, for everything that is no session.
        """
        path = find_database(Path(place).expanduser().absolute())
        return cls(OpenedStore(path, read_only=read_only), path.parent)

    @property
    def name(self) -> str:
        """The folder's name; of what is kept of a plain video file, the video's."""
        return Path(self._video_name()).name if self.facts.get("kept") else self.folder.name

    @property
    def place(self) -> Path:
        """Where files about it belong: its folder, or the folder of a plain video file."""
        return Path(self._video_name()).parent if self.facts.get("kept") else self.folder

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Facts about the session as they were when it was opened (docs/data.md, `meta`)."""
        return self.store.facts()

    @property
    def state(self) -> SessionState:
        """Complete, or recovered after the recording was cut off."""
        return SessionState(self.store.fact("state", SessionState.RECOVERED))

    @cached_property
    def frames(self) -> tuple[FrameRecord, ...]:
        """Every captured frame, analysed or not."""
        return tuple(self.store.frames())

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return self.frames[-1].time if self.frames else 0.0

    @cached_property
    def analyses(self) -> tuple[AnalysisRecord, ...]:
        """How the frames were read, in the order of use."""
        return tuple(self.store.analyses())

    @property
    def passes(self) -> tuple[int, ...]:
        """0, and a number for every time the frames were read again."""
        return tuple(sorted({analysis.pass_number for analysis in self.analyses}))

    def analysis_at(self, time: float, pass_number: int = 0) -> AnalysisRecord | None:
        """What was in use at `time` seconds."""
        found = None
        for analysis in self.analyses:
            if analysis.pass_number == pass_number and (found is None or analysis.started <= time):
                found = analysis
        return found

    @property
    def has_video(self) -> bool:
        """Whether pictures belong to the session, at hand or not."""
        return bool(self.facts.get("video"))

    @property
    def video(self) -> Path | None:
        """The file with the pictures: the session's own, or the one that was analysed."""
        if not self.has_video:
            return None
        own = self.folder / VIDEO
        if self.facts["video"] == VIDEO:
            return own if own.is_file() else None
        referred = Path(self._video_name())
        return referred if referred.is_file() else None

    @property
    def why_not_again(self) -> str:
        """Why its frames cannot be read again, in one sentence; "" when they can."""
        if self.video is None and self.has_video:
            return f"The video of the session '{self.name}' is missing ({self._video_name()})."
        if self.video is None:
            return (
                f"The session '{self.name}' has no pictures to read again; record with video where "
                "people agree to it."
            )
        if not self.facts.get("landmarks", True):
            return f"The session '{self.name}' keeps no landmarks to cut faces by."
        if self.read_only:
            return f"The session '{self.name}' is write-protected: another reading cannot be kept."
        return ""

    def read(
        self, pass_number: int = 0, *, landmarks: bool = True
    ) -> Iterator[tuple[FrameRecord, tuple[FaceReading, ...]]]:
        """Every analysed frame with its faces, largest first, in order; see `Store.faces`."""
        baselines = self.baselines(pass_number)
        frames = [frame for frame in self.frames if frame.analysed]
        for start in range(0, len(frames), _CHUNK):
            part = frames[start : start + _CHUNK]
            faces = self.store.faces(part[0].id, part[-1].id, pass_number, landmarks=landmarks)
            for frame in part:
                yield frame, baselines.changed(frame.time, faces.get(frame.id, ()))

    def baselines(self, pass_number: int = 0) -> Baselines:
        """The neutral baselines as they are now; reading goes on with those it began with."""
        from ferdesk.session.baselines import Baselines

        return Baselines(self, pass_number)

    def readings(self, pass_number: int = 0) -> dict[str, NDArray[np.generic]]:
        """One row per face and analysed frame as arrays of one length, by column.

        A frame without a face is a row with face 0, NaN and "". Columns: those of readings.csv.
        `dataframe` makes a table of it.
        """
        from ferdesk.session.table import COLUMNS, rows
        from ferdesk.table.arrays import arrays

        return arrays(COLUMNS, list(rows(self, pass_number)))

    def dataframe(self, pass_number: int = 0) -> pandas.DataFrame:
        """`readings` as a DataFrame. FerdeskError where pandas is not installed."""
        from ferdesk.table.arrays import dataframe

        return dataframe(self.readings(pass_number))

    def reload(self) -> None:
        """Look again at facts, frames and analyses: the store has changed."""
        for name in ("facts", "frames", "analyses"):
            self.__dict__.pop(name, None)

    def close(self) -> None:
        """Close it; further calls do nothing."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _video_name(self) -> str:
        return str(self.facts.get("video", ""))
