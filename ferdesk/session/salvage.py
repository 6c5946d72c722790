"""What can still be read of a damaged session.db, written to a sound one."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ferdesk.session import schema
from ferdesk.session.records import SessionState
from ferdesk.session.rows import face_reading

_LAST_ROW: Final = 2**31
"""Far beyond any row number: where the search for readable rows after a damage ends."""

_PNG_END: Final = b"IEND\xaeB`\x82"


def salvage(damaged: Path, mended: Path, *, name: str) -> str:
    """Copy every readable row of `damaged` to the new file `mended`.

    A sentence that says what is there and what is lost, for the session called `name`. SessionError
    when not one frame can be read. `damaged` should be a copy: opening it applies its log.
    """
    tables = schema.TABLES if schema.version_of(damaged) >= 2 else schema.FIRST_TABLES
    source = sqlite3.connect(damaged, isolation_level=None)
    try:
        # Without this SQLite refuses a file that is shorter than its header says.
        source.execute("PRAGMA writable_schema = ON")
        target = schema.create(mended)
        try:
            missing = _copy(source, target, tables)
            frames, end = target.execute("SELECT count(*), max(time) FROM frame").fetchone()
            if "face" in missing:
                # Whether these had no face or a lost one cannot be told: they count as not read.
                target.execute(
                    "UPDATE frame SET analysed = 0 WHERE id NOT IN (SELECT frame FROM face)"
                )
            faces = target.execute("SELECT count(*) FROM face").fetchone()[0]
            if not frames:
                raise schema.SessionError(
                    f"The session '{name}' is damaged beyond repair: none of its frames can be "
                    "read; its files are left as they are."
                )
            target.execute(
                "INSERT OR IGNORE INTO meta VALUES ('state', ?)", (f'"{SessionState.RECOVERED}"',)
            )
            target.execute(
                "UPDATE meta SET value = ? WHERE key = 'state'", (f'"{SessionState.RECOVERED}"',)
            )
            target.execute("PRAGMA journal_mode = DELETE")
        finally:
            target.close()
    finally:
        source.close()
    lost = f"; parts of {', '.join(missing)} are lost" if missing else ""
    return (
        f"The session '{name}' was damaged: {frames} frames up to {end:.1f} s with {faces} "
        f"readings could be saved{lost}."
    )


def _copy(
    source: sqlite3.Connection, target: sqlite3.Connection, tables: Iterable[str]
) -> list[str]:
    """Those of the tables of which something is missing."""
    missing = []
    target.execute("BEGIN")
    for table in tables:
        columns = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
        # An older format lacks some; what was not there is not lost.
        there = _columns(source, table)
        columns = [column for column in columns if column in there] or columns
        insert = (
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)})"
            f" VALUES ({', '.join('?' * len(columns))})"
        )
        rows = _Rows(source, table, columns)
        for row in rows:
            if not _whole(table, dict(zip(columns, row, strict=True))):
                rows.damaged = True
                continue
            target.execute(insert, row)
        if rows.damaged:
            missing.append(table)
    target.execute("COMMIT")
    return missing


def _columns(source: sqlite3.Connection, table: str) -> set[str]:
    try:
        return {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    except sqlite3.DatabaseError:
        return set()


def _whole(table: str, row: dict[str, Any]) -> bool:
    """Whether a row is what was written: SQLite reads missing pages of a row as zeros."""
    if table == "crop":
        return isinstance(row["png"], bytes) and row["png"].endswith(_PNG_END)
    if table != "face":
        return True
    try:
        reading = face_reading(row)
    except (ValueError, TypeError, zlib.error):
        return False
    return bool(abs(float(reading.probabilities.sum()) - 1) < 1e-3)


class _Rows:
    """The readable rows of one table; `damaged` tells afterwards whether some are not."""

    def __init__(self, source: sqlite3.Connection, table: str, columns: list[str]) -> None:
        self._source, self._table = source, table
        self._names = ", ".join(columns)
        self._numbered = columns[0] == "id"
        self.damaged = False

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        last, step = -1, 1
        while last < _LAST_ROW:
            try:
                for row in self._source.execute(*self._query(last)):
                    if self._numbered:
                        if not isinstance(row[0], int) or row[0] <= last:
                            # The search in a damaged page leads anywhere, even backwards.
                            raise sqlite3.DatabaseError("rows out of order")
                        last, step = row[0], 1
                    yield row
                return
            except sqlite3.DatabaseError:
                self.damaged = True
                if not self._numbered:
                    return
                last, step = last + step, step * 2

    def _query(self, last: int) -> tuple[str, tuple[int, ...]]:
        query = f"SELECT {self._names} FROM {self._table} NOT INDEXED"
        if not self._numbered:
            return query, ()
        return f"{query} WHERE id > ? ORDER BY id", (last,)
