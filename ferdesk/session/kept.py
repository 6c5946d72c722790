"""What was read of video files, kept in the cache folder for the next time. Numbers, no pictures.

A kept session is a session like any other. It refers to the video, and the name of its folder is
made of the video's content and of everything that changes the numbers.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferdesk import __version__
from ferdesk.errors import FerdeskError
from ferdesk.paths import cache_dir
from ferdesk.session.folder import DATABASE, looks_like_session
from ferdesk.session.records import FrameRecord, SessionState
from ferdesk.session.schema import SessionError
from ferdesk.session.session import Session
from ferdesk.session.store import Note, Store
from ferdesk.session.video import VideoReader
from ferdesk.sources.video import VideoSource

log = logging.getLogger(__name__)

LIMIT_BYTES: Final = 1_000_000_000
"""Of all kept sessions together; those not used for longest go first."""
_LOCK: Final = ".lock"
_PATIENCE: Final = 3.0
"""Seconds to wait for a video that is being closed."""


@dataclass(frozen=True, slots=True)
class HowRead:
    """What the numbers depend on, beside the video."""

    checkpoint: str
    """Display name."""
    checkpoint_sha256: str
    smoothing_seconds: float
    max_faces: int
    small_faces: bool


@dataclass(frozen=True, slots=True)
class KeptFigures:
    """Of everything that is kept."""

    videos: int
    size: int
    """Bytes."""
    with_notes: int
    """How many hold events or corrections of a person, which cannot be made again."""


class KeptSession:
    """The session of one video while somebody looks at it. Close it."""

    def __init__(self, session: Session, lock: FileLock | None, scratch: str, note: str) -> None:
        self.session = session
        self.note = note
        """One sentence where nothing is kept; "" as a rule."""
        self._lock = lock
        self._scratch = scratch

    def close(self) -> None:
        """Close the session; what is not to be kept is gone. Further calls do nothing."""
        self.session.close()
        if self._lock is not None:
            self._lock.release()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)


def videos_folder() -> Path:
    """Where they lie."""
    return cache_dir() / "videos"


def open_kept(
    video: Path, how: HowRead, *, keep: bool = True, limit: int = LIMIT_BYTES
) -> KeptSession:
    """The session of this content, read in this way, made now if there is none.

    Reads the whole file for its sum. Without `keep`, or while another process has it open, the
    session lies in a temporary folder that goes when it is closed. FerdeskError for a video that
    cannot be read, SessionError for one that can only be played from beginning to end.
    """
    source = VideoSource(video)
    detail = source.open().in_words
    source.close()
    name = f"{_sum(video)}-{_short(json.dumps(astuple(how)))}"
    folder, scratch, note = videos_folder() / name, "", ""
    lock: FileLock | None = None
    if keep:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock = _lock_of(folder)
            # Somebody who opens the same video again has not let go of it yet.
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            lock, note = None, "Another window has this video open: what is read here is not kept."
        except OSError as error:
            lock, note = None, f"What is read of this video cannot be kept ({error.strerror})."
    if lock is None:
        scratch = tempfile.mkdtemp(prefix="ferdesk-video-")
        folder = Path(scratch) / name
    with contextlib.ExitStack() as undo:
        if lock is not None:
            undo.callback(lock.release)
        undo.callback(shutil.rmtree, scratch or os.devnull, ignore_errors=True)
        if not looks_like_session(folder):
            _make(folder, video, detail)
        if not scratch:
            _trim(limit, spare=name)
        session = Session.open(folder)
        undo.callback(session.close)
        if session.facts["video"] != str(video):
            for fact in ("video", "source"):
                session.store.set_fact(fact, str(video))
            session.close()
            session = Session.open(folder)
            undo.callback(session.close)
        os.utime(folder / DATABASE)
        undo.pop_all()
    return KeptSession(session, lock, scratch, note)


def kept_figures() -> KeptFigures:
    """How much is kept."""
    folders = list(_folders())
    return KeptFigures(
        len({folder.name.partition("-")[0] for folder in folders}),
        sum(_size(folder) for folder in folders), sum(map(_has_notes, folders)),
    )  # fmt: skip


def delete_kept() -> None:
    """Remove everything that is kept and not open right now. FerdeskError when that fails."""
    for folder in _folders():
        try:
            _remove(folder)
        except OSError as error:
            raise FerdeskError(
                f"'{folder}' could not be deleted ({error.strerror or error})."
            ) from error


def _make(folder: Path, video: Path, detail: str) -> None:
    """A session in which no frame is read yet, with the notes of the same video read otherwise."""
    times, width, height = _frames(video)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        store = Store.create(part / DATABASE)
        try:
            facts = {
                "state": SessionState.COMPLETE, "source": str(video), "source_detail": detail,
                "video": str(video), "landmarks": True, "ferdesk": __version__, "kept": True,
                "created": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            }  # fmt: skip
            for key, value in facts.items():
                store.set_fact(key, value)
            for index, time in enumerate(times):
                store.add_frame(FrameRecord(index, time, index, time, width, height))
            _copy_notes(folder, store)
            store.settle()
        finally:
            store.close()
        part.rename(folder)
    except (OSError, sqlite3.Error) as error:
        raise SessionError(f"What is read of '{video.name}' cannot be kept ({error}).") from error


def _frames(video: Path) -> tuple[list[float], int, int]:
    """Seconds of every frame since the first, width and height."""
    reader = VideoReader(video)
    try:
        first = reader.first_ms
        times = [(ms - first) / 1000 for ms in reader.times_ms()]
        # In some files (MPEG streams of tiny pictures) not every picture has a time of its own.
        own = all(a < b for a, b in itertools.pairwise(times))
        if not times or times[0] != 0 or not own or reader.at(first) is None:
            raise SessionError(
                f"The video '{video.name}' can only be played from beginning to end."
            )
        return times, reader.width, reader.height
    finally:
        reader.close()


def _copy_notes(folder: Path, store: Store) -> None:
    """Events and corrections belong to the video, whatever it is read with."""
    siblings = [other for other in _folders() if other.name[:_SUM] == folder.name[:_SUM]]
    for sibling in sorted(siblings, key=_used, reverse=True)[:1]:
        try:
            with Session.open(sibling, read_only=True) as other:
                notes: list[Note] = [*other.store.events(), *other.store.corrections()]
                notes += [baseline.without_means for baseline in other.store.baselines()]
                for note in notes:
                    store.put(note)
        except (FerdeskError, sqlite3.Error) as error:
            log.warning("the notes in %s are not taken over: %s", sibling, error)


def _trim(limit: int, spare: str) -> None:
    """Remove what was not used for longest until all is within `limit` bytes. Never notes."""
    folders = sorted(_folders(), key=_used)
    total = sum(map(_size, folders))
    for folder in folders:
        if total <= limit:
            return
        if folder.name != spare and not _has_notes(folder):
            total -= _size(folder)
            with contextlib.suppress(OSError):
                _remove(folder)


def _remove(folder: Path) -> None:
    """OSError; one that is open stays."""
    lock = _lock_of(folder)
    try:
        with lock:
            shutil.rmtree(folder)
    except Timeout:
        return
    with contextlib.suppress(OSError):
        Path(lock.lock_file).unlink()


def _lock_of(folder: Path) -> FileLock:
    return FileLock(folder.with_name(f"{folder.name}{_LOCK}"), timeout=0, thread_local=False)


def _folders() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for entry in sorted(videos_folder().iterdir()):
            if entry.suffix not in (_LOCK, ".part") and looks_like_session(entry):
                yield entry


def _has_notes(folder: Path) -> bool:
    try:
        with Session.open(folder, read_only=True) as session:
            store = session.store
            return bool(store.events() or store.corrections() or store.baselines())
    except (FerdeskError, sqlite3.Error):
        return False


def _used(folder: Path) -> float:
    try:
        return (folder / DATABASE).stat().st_mtime
    except OSError:
        return 0.0


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:
        return 0


_SUM: Final = 32
"""Digits of the content in a folder's name."""


def _sum(video: Path) -> str:
    try:
        with video.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_SUM]
    except OSError as error:
        raise SessionError(f"'{video}' cannot be read ({error.strerror or error}).") from error


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
