"""A session's numbers as files for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ferdesk.errors import FerdeskError
from ferdesk.files import replacing
from ferdesk.session.session import Session
from ferdesk.session.table import COLUMNS, rows
from ferdesk.table import cells
from ferdesk.table.values import Value


def write_csv(
    session: Session, path: Path, *, pass_number: int = 0, face: int | None = None
) -> int:
    """The tidy table as CSV, of one face or of all; how many rows. FerdeskError."""
    with replacing(path) as file:
        return cells.write_csv(file, COLUMNS, table(session, pass_number, face))


def table(
    session: Session, pass_number: int = 0, face: int | None = None
) -> Iterator[tuple[Value, ...]]:
    """The rows of one face and of frames without any face, or all rows."""
    where = COLUMNS.index("face")
    return (row for row in rows(session, pass_number) if face is None or row[where] in (face, 0))


def write_parquet(session: Session, path: Path, *, face: int | None = None) -> int:
    """The tidy table as Parquet, numbers as numbers; how many rows. FerdeskError."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise FerdeskError(
            "Writing Parquet needs the package pyarrow; install it with "
            "'pip install ferdesk[parquet]', or export CSV."
        ) from error
    found = list(table(session, face=face))
    columns = {name: [row[i] for row in found] for i, name in enumerate(COLUMNS)}
    with replacing(path) as file:
        parquet.write_table(pyarrow.table(columns), file)
    return len(found)
