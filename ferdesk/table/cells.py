"""The table as text: numbers with their digits, words that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import BinaryIO, Final

from ferdesk.table.columns import COLUMNS, Column
from ferdesk.table.values import Value

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cells(names: Sequence[str], row: Sequence[Value]) -> list[str]:
    """A row as it stands in CSV and TSV files; what is not known is empty."""
    return [_cell(COLUMNS[name], value) for name, value in zip(names, row, strict=True)]


def harmless(text: str) -> str:
    """Foreign text that a spreadsheet takes as text and never as a formula.

    What begins with = + - @, a tab or the end of a line gets an apostrophe in front.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_csv(file: BinaryIO, names: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
    """The table in UTF-8; how many rows. Names of files that are no Unicode are escaped."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        writer = csv.writer(text)
        writer.writerow(names)
        count = 0
        for row in rows:
            writer.writerow(cells(names, row))
            count += 1
    finally:
        text.detach()
    return count


def _cell(column: Column, value: Value) -> str:
    if isinstance(value, str):
        return harmless(value)
    if column.kind == "count":
        return str(value)
    return "" if math.isnan(value) else format(value, column.digits)
