"""session.db: everything that was read, marked and corrected."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, Final, Self

from ferdesk.pipeline.types import FaceReading
from ferdesk.session import schema
from ferdesk.session.records import (
    AnalysisRecord,
    BaselineRecord,
    CorrectionRecord,
    CropRecord,
    EventRecord,
    FrameRecord,
    Origin,
)
from ferdesk.session.rows import INSERT_FACE, face_reading, face_row

COMMIT_SECONDS: Final = 0.6
"""How often what was added is made safe: with the time a busy disk takes, no more than a second
can be lost."""

Note = EventRecord | CorrectionRecord | BaselineRecord
_NOTES: Final[dict[type[Note], str]] = {
    EventRecord: "event", CorrectionRecord: "correction", BaselineRecord: "baseline",
}  # fmt: skip


def _columns(kind: type) -> str:
    return ", ".join(field.name for field in fields(kind))


class Store:
    """One open database. Calls may come from any thread; they take turns.

    What is *added* while recording becomes safe within `COMMIT_SECONDS` or with `commit`; what is
    *edited* (events, corrections, baselines put, removed) is safe when the call returns.
    """

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._database = database
        self._lock = threading.RLock()
        self._open_since: float | None = None
        self._editing = False
        self._closed = False

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new, empty database. SessionError when it cannot be made."""
        return cls(schema.create(path), path)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """An existing one, brought to this version. SessionError as in `schema.connect`."""
        database = schema.connect(path, read_only=read_only)
        try:
            if not read_only:
                schema.migrate(database)
        except sqlite3.DatabaseError as error:
            database.close()
            raise schema.DamagedSessionError(
                f"The session '{path.parent.name}' is damaged: {error}."
            ) from error
        return cls(database, path)

    # Adding, while recording. What SQLite refuses (a full disk) comes out as sqlite3.Error.

    def add_frame(self, frame: FrameRecord) -> None:
        """One captured frame."""
        self._add(
            f"INSERT INTO frame ({_columns(FrameRecord)}) VALUES (?,?,?,?,?,?,?,?,?,?)",
            [astuple(frame)],
        )

    def add_faces(
        self, frame: int, analysis: int, faces: Iterable[FaceReading], *, landmarks: bool = True
    ) -> None:
        """The faces of one frame, in the order of the reading. No faces are data, too."""
        rows = [face_row(frame, analysis, face) for face in faces]
        if not landmarks:
            rows = [(*row[:-1], None) for row in rows]
        self._add(INSERT_FACE, rows)

    def set_analysed(self, frame: int, latency_ms: float) -> None:
        """The frame was read, with or without a face in it."""
        self._add(
            "UPDATE frame SET analysed = 1, latency_ms = ? WHERE id = ?", [(latency_ms, frame)]
        )

    def add_analysis(self, analysis: AnalysisRecord) -> int:
        """Its id."""
        names = [f.name for f in fields(AnalysisRecord) if f.name != "id"]
        return self._insert("analysis", names, [getattr(analysis, name) for name in names])

    def set_fact(self, key: str, value: Any) -> None:
        """One fact of the table `meta`, as JSON."""
        self._add("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(key, json.dumps(value))])

    def commit_if_due(self) -> bool:
        """Commit when the oldest addition has waited for `COMMIT_SECONDS`."""
        with self._lock:
            since = self._open_since
            if since is None or time.monotonic() - since < COMMIT_SECONDS:
                return False
            self.commit()
            return True

    def commit(self) -> None:
        """Make everything safe that was added."""
        with self._lock:
            if self._database.in_transaction:
                self._database.execute("COMMIT")
            self._open_since = None

    # A second reading of all frames: it grows in a temporary file, so that others go on meanwhile

    def draft_faces(self, frame: int, faces: Iterable[FaceReading]) -> None:
        """Put aside what is read of a frame; see `keep_draft`."""
        with self._lock:
            self._execute("CREATE TEMP TABLE IF NOT EXISTS draft AS SELECT * FROM face WHERE 0")
            rows = [face_row(frame, 0, face) for face in faces]
            insert = INSERT_FACE.replace("INTO face", "INTO temp.draft", 1)
            self._database.executemany(insert, rows)

    def keep_draft(self, analysis: AnalysisRecord) -> None:
        """Everything that was put aside becomes the reading of `analysis`, in one transaction."""
        with self.editing():
            self._execute("CREATE TEMP TABLE IF NOT EXISTS draft AS SELECT * FROM face WHERE 0")
            drafted = self.add_analysis(analysis)
            self._execute("UPDATE temp.draft SET id = NULL, analysis = ?", (drafted,))
            self._execute("INSERT INTO face SELECT * FROM temp.draft ORDER BY rowid")
            self._execute("DROP TABLE temp.draft")

    # Editing, while recording or in review

    def put(self, note: Note) -> int:
        """Store an event, correction or baseline, replacing the one of the same id; its id.

        With the id it had before, one that was removed comes back as it was (undo).
        """
        names = [f.name for f in fields(note) if note.id or f.name != "id"]
        with self.editing():
            return self._insert(_NOTES[type(note)], names, [getattr(note, n) for n in names])

    def remove(self, note: Note) -> None:
        """Take it out by its id."""
        with self.editing():
            table = _NOTES[type(note)]
            self._execute(f"DELETE FROM {table} WHERE id = ?", (note.id,))

    def add_crops(self, crops: Iterable[CropRecord]) -> None:
        """Pictures of corrected faces; all of them or none."""
        with self.editing():
            for crop in crops:
                self._insert("crop", ["frame", "face", "png"], [crop.frame, crop.face, crop.png])

    def remove_crops(self, crops: Iterable[tuple[int, int]]) -> None:
        """Take out those of these frames and faces; nothing of them stays in the file."""
        self._execute("PRAGMA secure_delete = ON")
        with self.editing():
            for key in crops:
                self._execute("DELETE FROM crop WHERE frame = ? AND face = ?", key)

    @contextmanager
    def editing(self) -> Iterator[None]:
        """One transaction: all of it or nothing, safe at the end. Edits within it belong to it."""
        with self._lock:
            if self._editing:
                yield
                return
            self.commit()
            self._execute("BEGIN IMMEDIATE")
            self._editing = True
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            finally:
                self._editing = False
            self._database.execute("COMMIT")

    # Reading

    def facts(self) -> dict[str, Any]:
        """The table `meta`."""
        return {row[0]: json.loads(row[1]) for row in self.rows("SELECT key, value FROM meta")}

    def fact(self, key: str, default: Any = None) -> Any:
        """One fact, or `default` where it is not known."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return json.loads(found[0][0]) if found else default

    def analyses(self) -> list[AnalysisRecord]:
        """In the order in which they came into use."""
        names = _columns(AnalysisRecord)
        rows = self.rows(f"SELECT {names} FROM analysis ORDER BY pass_number, started, id")
        return [AnalysisRecord(*row) for row in rows]

    def frames(self) -> list[FrameRecord]:
        """Every captured frame."""
        rows = self.rows(f"SELECT {_columns(FrameRecord)} FROM frame ORDER BY id")
        return [FrameRecord(*(*row[:8], bool(row[8]), row[9])) for row in rows]

    def faces(
        self, first: int, last: int, pass_number: int = 0, *, landmarks: bool = True
    ) -> dict[int, list[FaceReading]]:
        """The faces of the frames `first` to `last`, both included, by frame.

        Without `landmarks` the points are the corners of the box, as where none were kept: it is
        faster, and all other numbers are the same.
        """
        found: dict[int, list[FaceReading]] = {}
        with self._lock:
            cursor = self._database.execute(
                "SELECT face.* FROM face JOIN analysis ON analysis.id = face.analysis"
                " WHERE frame BETWEEN ? AND ? AND pass_number = ? ORDER BY frame, face.id",
                (first, last, pass_number),
            )
            names = [column[0] for column in cursor.description]
            for row in cursor:
                values = dict(zip(names, row, strict=True))
                if not landmarks:
                    values["landmarks"] = None
                found.setdefault(values["frame"], []).append(face_reading(values))
        return found

    def events(self) -> list[EventRecord]:
        """By onset."""
        rows = self.rows(f"SELECT {_columns(EventRecord)} FROM event ORDER BY onset, id")
        return [EventRecord(*(*row[:4], Origin(row[4]), row[5])) for row in rows]

    def corrections(self) -> list[CorrectionRecord]:
        """In the order in which they were made: a later one wins over an earlier one."""
        rows = self.rows(f"SELECT {_columns(CorrectionRecord)} FROM correction ORDER BY id")
        return [CorrectionRecord(*row) for row in rows]

    def kept_crops(self) -> set[tuple[int, int]]:
        """Frame and face of every picture of a corrected face."""
        return set(self.rows("SELECT frame, face FROM crop"))

    def crop(self, frame: int, face: int) -> bytes | None:
        """The PNG of that face in that frame; None when it was not kept."""
        query = "SELECT png FROM crop WHERE frame = ? AND face = ?"
        found = self.rows(query, (frame, face))
        return bytes(found[0][0]) if found else None

    def baselines(self) -> list[BaselineRecord]:
        """By onset."""
        rows = self.rows(f"SELECT {_columns(BaselineRecord)} FROM baseline ORDER BY onset, id")
        return [BaselineRecord(*row) for row in rows]

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of a SELECT; for figures over a whole session that no method gives."""
        with self._lock:
            return self._execute(query, values).fetchall()

    def settle(self) -> None:
        """Fold the write-ahead log into the file, which from now on is all there is."""
        with self._lock:
            self.commit()
            self._execute("PRAGMA journal_mode = DELETE")

    def close(self) -> None:
        """Commit and close; further calls do nothing. sqlite3.Error when the disk refuses."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self.commit()
            finally:
                self._database.close()

    def _add(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with self._lock:
            self._begin()
            self._database.executemany(statement, rows)

    def _insert(self, table: str, names: list[str], values: list[Any]) -> int:
        with self._lock:
            self._begin()
            cursor = self._execute(
                f"INSERT OR REPLACE INTO {table} ({', '.join(names)})"
                f" VALUES ({', '.join('?' * len(names))})",
                tuple(values),
            )
            return int(cursor.lastrowid or 0)

    def _begin(self) -> None:
        if not self._database.in_transaction:
            self._execute("BEGIN IMMEDIATE")
            self._open_since = time.monotonic()

    def _execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.OperationalError as error:
            if "readonly" in str(error) or "locked" in str(error):
                raise schema.SessionError(
                    f"The session '{self.path.parent.name}' cannot be changed ({error}); it is "
                    "write-protected or in use by another program."
                ) from error
            raise
