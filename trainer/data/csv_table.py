"""CSV tables with a header: every refusal names the file and the line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferdesk.errors import FerdeskError


def read_table(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row) of every row of `file`, values stripped; missing cells are empty.

    Raises FerdeskError when the file cannot be read as a UTF-8 CSV or lacks one of `columns`.
    """
    line = 1
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, skipinitialspace=True)
            present = [name.strip() for name in reader.fieldnames or ()]
            missing = [name for name in columns if name not in present]
            if missing:
                raise FerdeskError(
                    f"'{file}' has no column {' and no column '.join(missing)}; its first line "
                    f"must name the columns {','.join(columns)}."
                )
            reader.fieldnames = present
            for row in reader:
                line = reader.line_num
                yield line, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)}
    except OSError as error:
        raise FerdeskError(f"'{file}' cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FerdeskError(
            f"'{file}' is not a CSV file in UTF-8 after line {line}: {error}."
        ) from error
