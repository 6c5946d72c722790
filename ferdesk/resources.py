"""Where the files that ship with ferdesk are."""

from pathlib import Path
from typing import Final

from ferdesk.errors import FerdeskError

DEFAULT_CHECKPOINT: Final = "live.safetensors"
"""The asset that is used when no checkpoint is named."""

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = (_PACKAGE / "assets", _PACKAGE.parent / "assets")
"""Installed from a wheel; run from a checkout."""


def asset(name: str) -> Path:
    """Absolute path of the shipped file `name`; FerdeskError when it is not there."""
    for folder in _FOLDERS:
        path = folder / name
        if path.is_file():
            return path
    raise FerdeskError(
        f"The file '{name}' that ships with ferdesk is missing; install ferdesk again."
    )
