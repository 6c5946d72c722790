"""A session while it comes into being: the recorder's and the batch analysis's way to write one."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import Timeout

from ferdesk import __version__
from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import FaceReading
from ferdesk.session.folder import DATABASE, READINGS, recording_lock
from ferdesk.session.records import AnalysisRecord, FrameRecord, SessionState
from ferdesk.session.schema import SessionError
from ferdesk.session.session import Session
from ferdesk.session.store import Store


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What is known about a session when it begins."""

    source: str
    """What `SourceSpec.parse` takes."""
    source_detail: str = ""
    """Name and granted mode, as on the screen."""
    participant: str = ""
    note: str = ""
    video: str = ""
    """"video.mkv", or the absolute path of the file that is analysed; "": no pictures."""
    landmarks: bool = True
    """Whether landmarks are kept; blendshapes always are."""
    event_keys: tuple[str, ...] = ()
    """What the keys 1, 2, … note as events; "" for nothing."""


class SessionWriter:
    """Writes one session; belongs to one thread. Nothing older than a second can be lost."""

    def __init__(self, folder: Path, info: SessionInfo) -> None:
        """Begin in an existing, empty `folder`. SessionError when it cannot be written."""
        self.folder = folder
        self._info = info
        self._lock = recording_lock(folder)
        try:
            self._lock.acquire()
        except Timeout:
            raise SessionError(f"'{folder}' is being recorded into by another process.") from None
        except OSError as error:
            raise SessionError(f"'{folder}' cannot be written: {error.strerror}.") from error
        try:
            self.store = Store.create(folder / DATABASE)
        except BaseException:
            self._release()
            raise
        self._analysis: AnalysisRecord | None = None
        self._analysis_id = 0
        self._begin(info)

    def use(self, analysis: AnalysisRecord) -> None:
        """How the frames from now on are read; the same again changes nothing."""
        if self._analysis is not None and analysis == replace(
            self._analysis, started=analysis.started
        ):
            return
        self._analysis = analysis
        self._analysis_id = self.store.add_analysis(analysis)

    def add_frame(self, frame: FrameRecord) -> None:
        """One captured frame."""
        self.store.add_frame(frame)

    def add_reading(self, frame: int, faces: Iterable[FaceReading], latency_ms: float) -> None:
        """What was read in a frame that was added before; `use` comes first."""
        self.store.add_faces(frame, self._analysis_id, faces, landmarks=self._info.landmarks)
        self.store.set_analysed(frame, latency_ms)

    def commit_if_due(self) -> bool:
        """Make additions safe when it is time; True when it did."""
        return self.store.commit_if_due()

    def finish(self, **facts: Any) -> None:
        """Close the session as complete, keep crops of what was corrected, write readings.csv.

        FerdeskError, sqlite3.Error: when that fails everything committed is kept, and opening the
        session recovers it.
        """
        try:
            for key, value in facts.items():
                self.store.set_fact(key, value)
            self.store.set_fact("ended", _now())
            self.store.set_fact("state", SessionState.COMPLETE)
            self.store.settle()
        finally:
            self.abandon()
        from ferdesk.session.crops import keep_crops
        from ferdesk.session.export import write_csv

        with Session.open(self.folder) as session:
            keep_crops(session)
            write_csv(session, self.folder / READINGS)

    def abandon(self) -> None:
        """Let go of the session as it is; opening it will recover it."""
        try:
            self.store.close()
        except sqlite3.Error as error:
            raise FerdeskError(
                f"The last second of the session '{self.folder.name}' could not be saved ({error})."
            ) from error
        finally:
            self._release()

    def _begin(self, info: SessionInfo) -> None:
        facts = {
            "state": SessionState.RECORDING, "created": _now(), "source": info.source,
            "source_detail": info.source_detail, "participant": info.participant,
            "note": info.note, "video": info.video, "landmarks": info.landmarks,
            "event_keys": info.event_keys,
            "ferdesk": __version__, "python": platform.python_version(),
            "platform": platform.platform(),
        }  # fmt: skip
        for key, value in facts.items():
            self.store.set_fact(key, value)
        self.store.commit()

    def _release(self) -> None:
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
