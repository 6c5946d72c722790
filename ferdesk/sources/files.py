"""Files that a source is to be read from."""

from __future__ import annotations

import os
from pathlib import Path

from ferdesk.errors import FerdeskError


def check_file(path: Path, what: str) -> None:
    """FerdeskError unless `path` is a readable file with something in it."""
    if not path.exists():
        raise FerdeskError(f"The {what} '{path}' does not exist; check the path.")
    if not path.is_file():
        raise FerdeskError(f"The {what} '{path}' is not a file.")
    if not os.access(path, os.R_OK):
        raise FerdeskError(f"The {what} '{path}' cannot be read; check its permissions.")
    if path.stat().st_size == 0:
        raise FerdeskError(f"The {what} '{path}' is empty (0 bytes).")
