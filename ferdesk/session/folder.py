"""The folder of a session: its name, its files, and opening it whatever happened to it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferdesk.session.records import SessionState
from ferdesk.session.salvage import salvage
from ferdesk.session.schema import VERSION, DamagedSessionError, SessionError, is_ours, version_of
from ferdesk.session.store import Store

DATABASE: Final = "session.db"
VIDEO: Final = "video.mkv"
READINGS: Final = "readings.csv"
LOCK: Final = "recording.lock"
"""Held by the recording; the system lets go of it when the process ends, however it ends."""


def new_folder(parent: Path, participant: str = "", now: datetime | None = None) -> Path:
    """Make ``PARENT/2026-11-25_14-03-12_participant``; SessionError when that is refused."""
    stamp = (now or datetime.now()).strftime("%Y-%m-%d_%H-%M-%S")
    name = f"{stamp}_{file_name(participant)}" if participant.strip() else stamp
    for attempt in range(1, 1000):
        folder = parent / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            if not parent.is_dir():
                raise SessionError(f"'{parent}' is a file; choose a folder for sessions.") from None
            continue
        except OSError as error:
            raise SessionError(
                f"No session can be made in '{parent}' ({error.strerror}); choose another folder."
            ) from error
        return folder
    raise SessionError(f"'{parent}' holds too many sessions called '{name}'.")


def file_name(text: str) -> str:
    """`text` with all that a file system may refuse replaced by "-"."""
    return re.sub(r"[^\w.-]+", "-", text.strip()).strip("-.")[:60] or "session"


def recording_lock(folder: Path) -> FileLock:
    """The lock of a recording, not yet taken."""
    return FileLock(folder / LOCK, timeout=0, thread_local=False)


def is_recording(folder: Path) -> bool:
    """Whether some process records into `folder` right now."""
    if not (folder / LOCK).is_file():
        return False
    lock = recording_lock(folder)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def find_database(place: Path) -> Path:
    """session.db of a session named by its folder or by any file in it."""
    folder = place if place.is_dir() else place.parent
    path = folder / DATABASE
    if not place.exists():
        raise SessionError(f"There is no session at '{place}'.")
    if not path.is_file():
        raise SessionError(f"'{folder}' is not a session: it has no file '{DATABASE}'.")
    return path


class OpenedStore:
    """A store, what there is to say about it, and the copy it is read from, if any."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open, repair what a crash left and say so in `notes`; the original is never lost.

        SessionError for a folder that holds no session, one that is being recorded, a foreign or
        newer database, and one of which nothing can be read.
        """
        folder = path.parent
        if is_recording(folder):
            raise SessionError(
                f"The session '{folder.name}' is being recorded right now; end the recording first."
            )
        self.notes: list[str] = []
        self.read_only = read_only or not (os.access(path, os.W_OK) and os.access(folder, os.W_OK))
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        if self.read_only:
            self.notes.append(
                f"The session '{folder.name}' is write-protected: it can be looked at, but events "
                "and corrections cannot be changed."
            )
        try:
            self.store = self._open(path)
            try:
                self._recover()
            except sqlite3.Error as error:
                self._read_elsewhere(path, error)
        except BaseException:
            self._drop_copy()
            raise

    def close(self) -> None:
        """Close the store; further calls do nothing."""
        self.store.close()
        self._drop_copy()

    def _open(self, path: Path) -> Store:
        log = path.with_name(path.name + "-wal")
        unfinished = log.is_file() and log.stat().st_size > 0
        try:
            older = is_ours(path) and version_of(path) < VERSION
            if self.read_only and (unfinished or older):
                # SQLite cannot read a log beside a database that it may not write, nor may an
                # older version be brought to this one in place.
                return self._checked(Store.open(self._copied(path)))
            return self._checked(Store.open(path, read_only=self.read_only))
        except DamagedSessionError:
            return self._salvage(path)

    def _checked(self, store: Store) -> Store:
        """Damage within the file is found now and not in the middle of a review."""
        try:
            complaint = store.rows("PRAGMA quick_check(1)")[0][0]
        except sqlite3.DatabaseError as error:
            complaint = str(error)
        if complaint != "ok":
            store.close()
            raise DamagedSessionError(f"The session '{store.path.parent.name}' is damaged.")
        return store

    def _salvage(self, path: Path) -> Store:
        copy = self._copied(path)
        mended = copy.with_name("mended.db")
        lost = salvage(copy, mended, name=path.parent.name)
        self.notes.append(lost)
        if self.read_only:
            return Store.open(mended)
        aside = _unused(path.with_name("session.damaged.db"))
        shutil.copyfile(mended, path.with_name("session.db.part"))
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}-shm").unlink()
        path.with_name("session.db.part").replace(path)
        self.notes.append(f"The damaged file is kept as '{aside.name}'.")
        return Store.open(path)

    def _recover(self) -> None:
        if self.store.fact("state") != SessionState.RECORDING:
            return
        count, end = self.store.rows("SELECT count(*), max(time) FROM frame")[0]
        self.notes.append(
            f"The recording '{self.store.path.parent.name}' was cut off; it is recovered up to "
            f"{end or 0.0:.1f} s ({count} frames)."
        )
        if not self.read_only:
            self.store.set_fact("state", SessionState.RECOVERED)
            self.store.settle()

    def _read_elsewhere(self, path: Path, error: sqlite3.Error) -> None:
        """A full disk has no room for the recovery: read a copy, leave the original as it is."""
        with contextlib.suppress(sqlite3.Error):
            self.store.close()
        self.read_only = True
        self.notes.append(
            f"The session '{path.parent.name}' cannot be written ({error}): it can be looked at; "
            "free some space and open it again to change it."
        )
        self.store = self._open(path)

    def _copied(self, path: Path) -> Path:
        self._copy = self._copy or tempfile.TemporaryDirectory(prefix="ferdesk-session-")
        folder = Path(self._copy.name) / file_name(path.parent.name)
        folder.mkdir(exist_ok=True)
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{suffix}", f"{folder / path.name}{suffix}")
        return folder / path.name

    def _drop_copy(self) -> None:
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None


def looks_like_session(folder: Path) -> bool:
    """Whether the folder holds a database that bears ferdesk's mark."""
    return is_ours(folder / DATABASE)


def _unused(path: Path) -> Path:
    number = 1
    candidate = path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate
