"""Writing the files of a run so that a full disk or a crash never costs what was there before."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from ferdesk.errors import FerdeskError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_CANNOT_SYNC = {errno.EINVAL, getattr(errno, "ENOTSUP", errno.EINVAL)}


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` once it is whole and on the disk.

    Until then it is called ``<name>.part``; when the body raises or is interrupted that goes away
    and `path` stays as it was. FerdeskError for a full disk, a folder or file that may not be
    written, and whatever else the system refuses.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            _sync(file)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        cause = _system_error(error)
        if cause is None:
            raise
        raise _refusal(path, cause) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """UTF-8 with the line ends that `text` has. Atomic; FerdeskError as in `replacing`."""
    # File names need not be Unicode on every system, and names are among what is written.
    content = text.encode(errors="backslashreplace")
    with replacing(path) as file:
        file.write(content)


def write_json(path: Path, value: Any) -> None:
    """Indented JSON; NaN and infinity become null. Atomic; FerdeskError as in `replacing`."""
    write_text(path, json_text(value, indent=2) + "\n")


def save_torch(path: Path, state: dict[str, Any]) -> None:
    """``torch.save``. Atomic; FerdeskError as in `replacing`."""
    import torch

    with replacing(path) as file:
        torch.save(state, file)


def append_line(path: Path, line: str) -> None:
    """Add `line` and a line end, wholly or not at all; FerdeskError as in `replacing`.

    A last line without an end, left by a power cut, is ended first, so that it spoils no other.
    """
    content = line.encode(errors="backslashreplace") + b"\n"
    try:
        with path.open("a+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    content = b"\n" + content
            try:
                rest = memoryview(content)
                while rest:
                    rest = rest[file.write(rest) :]
                _sync(file)
            except BaseException:
                file.truncate(size)
                raise
    except OSError as error:
        raise _refusal(path, error) from error


def json_text(value: Any, indent: int | None = None) -> str:
    """Strict JSON in ASCII, on one line without `indent`; NaN and infinity become null."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def read_config(run: Path) -> dict[str, Any]:
    """The resolved configuration as the run wrote it. FerdeskError for a damaged file."""
    path = run / "config.yaml"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FerdeskError(f"The configuration '{path}' cannot be read.") from error
    values = values.get("train", values) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        raise FerdeskError(f"The configuration '{path}' is damaged: it has no group 'train'.")
    return values


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, None where there is no file. FerdeskError for a damaged one."""
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FerdeskError(f"The file '{path}' is damaged; it is no JSON.") from error
    if not isinstance(values, dict):
        raise FerdeskError(f"The file '{path}' is damaged; it holds no JSON object.")
    return values


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _sync(file: Any) -> None:
    try:
        os.fsync(file.fileno())
    except OSError as error:
        # Some network file systems have no fsync.
        if error.errno not in _CANNOT_SYNC:
            raise


def _system_error(error: BaseException) -> OSError | None:
    """The refusal of the system behind `error`.

    torch's writer answers a failed write with a RuntimeError ("unexpected pos 704 vs 598") that
    has the OSError as its context.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _refusal(path: Path, error: OSError) -> FerdeskError:
    kept = "; the last good one is kept" if path.exists() else ""
    if error.errno in _FULL:
        return FerdeskError(
            f"The disk is full: '{path}' could not be written{kept}. Free some space and run the "
            "same command again."
        )
    if error.errno in _FORBIDDEN:
        return FerdeskError(
            f"'{path}' may not be written ({error.strerror}){kept}. Allow it or choose another "
            "folder, and run the same command again."
        )
    return FerdeskError(f"'{path}' could not be written: {error.strerror or error}{kept}.")
