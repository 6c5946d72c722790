"""A moment of a session that is still being recorded: its picture and what was read of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.baseline import with_changes
from ferdesk.pipeline.types import Reading, Timings
from ferdesk.session.baselines import newest
from ferdesk.session.folder import DATABASE, VIDEO
from ferdesk.session.records import FrameRecord
from ferdesk.session.store import Store
from ferdesk.session.video import VideoReader
from ferdesk.sources.base import Frame

_NO_TIMINGS: Final = Timings(0.0, 0.0, 0.0, 0.0, 0.0)
_NEAR: Final = 1.0
"""Seconds between the moment that is asked for and the frame that stands for it, at most."""
_RATHER: Final = 0.3
"""Seconds that a frame with a picture may be farther away than one without."""
_SAME_MS: Final = 1
_GREY: Final = 48


@dataclass(frozen=True, slots=True)
class Moment:
    """What is shown of it."""

    reading: Reading
    """With a grey picture where there is none."""
    complaint: str = ""
    """Why there is no picture; "" when there is."""


def moment(folder: Path, seconds: float, origin: float, *, of_file: bool) -> Moment:
    """The analysed frame nearest to `seconds` of the session (`of_file`: of the file that is read).

    `Frame.captured_at` is `origin` plus the time within the session. Reads beside the recording,
    which goes on. Slow: for a worker thread. FerdeskError where nothing was recorded.
    """
    try:
        place = (folder / DATABASE).absolute().as_uri()
        with closing(sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=1)) as database:
            store = Store(database, folder / DATABASE)
            record = _nearest(store, "media_time" if of_file else "time", seconds)
            faces = store.faces(record.id, record.id).get(record.id, []) if record else []
            faces = list(with_changes(tuple(faces), newest(store.baselines())))
    except sqlite3.Error as error:
        raise FerdeskError(f"This moment cannot be read from the recording ({error}).") from error
    if record is None:
        raise FerdeskError("This moment is not in the recording.")
    picture, complaint = _picture(folder, record)
    at = origin + record.time
    frame = Frame(picture, record.source_index, record.media_time, at)
    finished = at + (record.latency_ms or 0.0) / 1e3
    return Moment(Reading(frame, tuple(faces), _NO_TIMINGS, finished), complaint)


def _nearest(store: Store, column: str, seconds: float) -> FrameRecord | None:
    """One with a picture rather than one without."""
    names = ", ".join(field.name for field in fields(FrameRecord))
    rows = store.rows(
        f"SELECT {names} FROM frame WHERE analysed = 1 AND {column} BETWEEN ? AND ?"
        f" ORDER BY abs({column} - ?) + (video_ms IS NULL) * ? LIMIT 1",
        (seconds - _NEAR, seconds + _NEAR, seconds, _RATHER),
    )
    return FrameRecord(*(*rows[0][:8], True, rows[0][9])) if rows else None


def _picture(folder: Path, record: FrameRecord) -> tuple[NDArray[np.uint8], str]:
    """(H, W, 3) BGR, and why it is grey."""
    grey = np.full((record.height, record.width, 3), _GREY, np.uint8)
    if record.video_ms is None:
        return grey, "no picture was kept"
    try:
        reader = VideoReader(folder / VIDEO)
    except FerdeskError:
        return grey, "the picture is still being written"
    try:
        picture = reader.at(record.video_ms)
        shown = reader.shown_ms
    finally:
        reader.close()
    if picture is None or shown is None or abs(shown - record.video_ms) > _SAME_MS:
        return grey, "the picture is still being written"
    return picture[: record.height, : record.width], ""
