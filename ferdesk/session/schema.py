"""The tables of session.db, their versions, and opening the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS

APPLICATION_ID: Final = 0x46455244  # "FERD"
PAGE_BYTES: Final = 32768
"""A row of `face` takes about 2.9 kB; on SQLite's usual 4 kB pages a quarter would be waste."""

FIRST_TABLES: Final = ("meta", "analysis", "frame", "face", "event", "correction", "baseline")
"""Those of version 1, which every session has."""
TABLES: Final = (*FIRST_TABLES, "crop")
SHOWN_COLUMNS: Final = tuple(f"probability_{name}" for name in EXPRESSIONS)


class SessionError(FerdeskError):
    """A session that cannot be opened or written, with the reason."""


class DamagedSessionError(SessionError):
    """A database that is there but cannot be read as a whole."""


def _version_1(database: sqlite3.Connection) -> None:
    shown = ", ".join(f"{name} REAL NOT NULL" for name in SHOWN_COLUMNS)
    for statement in (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE analysis (id INTEGER PRIMARY KEY, pass_number INTEGER NOT NULL,"
        " checkpoint TEXT NOT NULL, device TEXT NOT NULL, smoothing_seconds REAL NOT NULL,"
        " max_faces INTEGER NOT NULL, threshold REAL NOT NULL, checkpoint_sha256 TEXT NOT NULL,"
        " checkpoint_card TEXT NOT NULL, started REAL NOT NULL)",
        "CREATE TABLE frame (id INTEGER PRIMARY KEY, time REAL NOT NULL,"
        " source_index INTEGER NOT NULL, media_time REAL NOT NULL, width INTEGER NOT NULL,"
        " height INTEGER NOT NULL, dropped INTEGER NOT NULL, video_ms INTEGER,"
        " analysed INTEGER NOT NULL, latency_ms REAL)",
        "CREATE INDEX frame_by_time ON frame (time)",
        "CREATE TABLE face (id INTEGER PRIMARY KEY, frame INTEGER NOT NULL REFERENCES frame,"
        " analysis INTEGER NOT NULL REFERENCES analysis, face INTEGER NOT NULL,"
        " x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,"
        f" label TEXT NOT NULL, {shown}, reliability REAL, reason TEXT NOT NULL,"
        " prediction_set TEXT NOT NULL, calibrated BLOB NOT NULL, final BLOB NOT NULL,"
        " p BLOB NOT NULL, t_g BLOB NOT NULL, t_a BLOB NOT NULL, t BLOB NOT NULL, p_lm BLOB,"
        " c_p REAL NOT NULL, c_g REAL NOT NULL,"
        " c_a REAL NOT NULL, c_t REAL NOT NULL, yaw REAL NOT NULL, pitch REAL NOT NULL,"
        " roll REAL NOT NULL, size REAL NOT NULL, sharpness REAL NOT NULL,"
        " brightness REAL NOT NULL, contrast REAL NOT NULL, inside REAL NOT NULL,"
        " transform BLOB, blendshapes BLOB, landmarks BLOB)",
        "CREATE INDEX face_by_frame ON face (frame, analysis)",
        "CREATE TABLE event (id INTEGER PRIMARY KEY, onset REAL NOT NULL, duration REAL NOT NULL,"
        " label TEXT NOT NULL, note TEXT NOT NULL, origin TEXT NOT NULL)",
        "CREATE TABLE correction (id INTEGER PRIMARY KEY, face INTEGER, onset REAL NOT NULL,"
        " duration REAL NOT NULL, label TEXT NOT NULL, crop BLOB NOT NULL)",
        "CREATE TABLE baseline (id INTEGER PRIMARY KEY, face INTEGER, onset REAL NOT NULL,"
        " duration REAL NOT NULL)",
    ):
        database.execute(statement)


def _version_2(database: sqlite3.Connection) -> None:
    """Pictures of corrected faces in a table of their own; the column for one was never filled."""
    for statement in (
        "ALTER TABLE correction DROP COLUMN crop",
        "CREATE TABLE crop (id INTEGER PRIMARY KEY, frame INTEGER NOT NULL REFERENCES frame,"
        " face INTEGER NOT NULL, png BLOB NOT NULL)",
        "CREATE UNIQUE INDEX crop_of_face ON crop (frame, face)",
    ):
        database.execute(statement)


def _version_3(database: sqlite3.Connection) -> None:
    """A baseline keeps its means: its stretch may lie before the recording."""
    for statement in (
        "ALTER TABLE baseline ADD COLUMN log_probabilities BLOB NOT NULL DEFAULT x''",
        "ALTER TABLE baseline ADD COLUMN blendshapes BLOB NOT NULL DEFAULT x''",
        "ALTER TABLE baseline ADD COLUMN readings INTEGER NOT NULL DEFAULT 0",
    ):
        database.execute(statement)


MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (
    _version_1,
    _version_2,
    _version_3,
)
"""Entry v makes version v + 1 out of version v, within one transaction."""
VERSION: Final = len(MIGRATIONS)


def create(path: Path) -> sqlite3.Connection:
    """A new, empty database in WAL mode. SessionError when it cannot be made."""
    try:
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("PRAGMA journal_mode = WAL")
        # A commit a second may wait for the disk: that is what "at most 1 s is lost" rests on.
        database.execute("PRAGMA synchronous = FULL")
        # SQLite's usual thousand pages would be 32 MB here, all to be read back after a crash.
        database.execute("PRAGMA wal_autocheckpoint = 64")
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate(database)
    except sqlite3.Error as error:
        raise SessionError(f"The session '{path.parent}' cannot be written: {error}.") from error
    return database


def migrate(database: sqlite3.Connection) -> None:
    """Bring the database to `VERSION`, step by step, each step wholly or not at all."""
    version = database.execute("PRAGMA user_version").fetchone()[0]
    for step in range(version, VERSION):
        database.execute("BEGIN IMMEDIATE")
        try:
            MIGRATIONS[step](database)
            database.execute(f"PRAGMA user_version = {step + 1}")
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """An existing database, of any version up to ours, not migrated yet.

    SessionError when it is missing, foreign or newer; DamagedSessionError when it is ours and
    unreadable.
    """
    name = path.parent.name
    if not path.is_file():
        raise SessionError(f"'{path.parent}' is not a session: it has no file '{path.name}'.")
    mode = "ro&immutable=1" if read_only else "rw"
    try:
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None,
            check_same_thread=False, timeout=5,
        )  # fmt: skip
    except sqlite3.Error as error:
        raise SessionError(f"The session '{name}' cannot be opened: {error}.") from error
    try:
        _check(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    name = path.parent.name
    try:
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
        state = database.execute("SELECT value FROM meta WHERE key = 'state'").fetchone()
    except sqlite3.DatabaseError as error:
        if is_ours(path):
            raise DamagedSessionError(f"The session '{name}' is damaged: {error}.") from error
        application, version, tables, state = 0, 0, set(), None
    if application != APPLICATION_ID:
        raise SessionError(
            f"'{path}' was not written by ferdesk; choose the folder of a ferdesk session."
        )
    if version > VERSION:
        raise SessionError(
            f"The session '{name}' was made by a newer ferdesk (format {version}, this one reads "
            f"up to {VERSION}); update ferdesk to open it."
        )
    if not set(FIRST_TABLES) <= tables or state is None:
        raise DamagedSessionError(f"The session '{name}' is damaged: some of its tables are gone.")


def is_ours(path: Path) -> bool:
    """Whether the file's header bears ferdesk's mark, readable or not as a whole."""
    head = _header(path)
    return head[:16] == b"SQLite format 3\0" and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def version_of(path: Path) -> int:
    """`PRAGMA user_version` of a file that is ours, as its header has it."""
    return int.from_bytes(_header(path)[60:64], "big")


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(100)
    except OSError:
        return b""
