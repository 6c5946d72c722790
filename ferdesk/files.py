"""The one way to write a file: whole or not at all, whatever happens to the disk or the process."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from ferdesk.errors import FerdeskError

FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""The errors of a full disk or an exhausted quota."""

_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_CANNOT_SYNC = {errno.EINVAL, getattr(errno, "ENOTSUP", errno.EINVAL)}
_ABANDONED = 24 * 3600.0
"""Seconds after which a partial file that nobody wrote to belongs to a killed process."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` once it is whole and on the disk.

    Until then it lies beside `path` as ``<name>.<random>.part``, so that two processes never
    share one. When the body raises or is interrupted it is removed and `path` stays as it was. The
    access rights of an existing file are kept, a symbolic link goes on pointing to the file, and a
    device or pipe is written directly. FerdeskError for a full disk, a folder or file that may not
    be written, and whatever else the system refuses.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file() and not target.is_dir():
        with refusals(path), target.open("wb") as file:
            yield file
        return
    # A name of its own length would not always fit: file systems allow 255 bytes.
    temporary = target.with_name(f"{target.name[:50]}.{secrets.token_hex(4)}.part")
    try:
        with refusals(path):
            with temporary.open("xb") as file:
                yield file
                file.flush()
                sync(file)
            if target.is_file():
                shutil.copymode(target, temporary)
            temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
            _remove_abandoned(target)


@contextlib.contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what the system refuses while `path` is written into a FerdeskError of one sentence."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        cause = _system_error(error)
        if cause is None:
            raise
        raise FerdeskError(_refusal(path, cause)) from error


def same_file(one: Path, other: Path) -> bool:
    """Whether both name one file: by links, in upper and lower case, whether it is there or not."""
    try:
        return one.samefile(other)
    except OSError:
        pass
    if one.exists() or other.exists():
        return False
    first, second = Path(os.path.realpath(one)), Path(os.path.realpath(other))
    names = [unicodedata.normalize("NFC", path.name).casefold() for path in (first, second)]
    return names[0] == names[1] and (
        first.parent == second.parent or same_file(first.parent, second.parent)
    )


def make_folder(folder: Path) -> None:
    """Make `folder` and those above it, where they are missing. FerdeskError when that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        taken = isinstance(error, FileExistsError)
        reason = "there is a file of this name" if taken else error.strerror
        raise FerdeskError(
            f"The folder '{folder}' cannot be made: {reason or error}; choose another one."
        ) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Atomic; FerdeskError as in `replacing`."""
    with replacing(path) as file:
        file.write(content)


def write_sealed(path: Path, content: bytes) -> None:
    """With its SHA-256 in front, for `read_sealed`. Atomic; FerdeskError as in `replacing`."""
    write_bytes(path, hashlib.sha256(content).digest() + content)


def read_sealed(path: Path) -> bytes:
    """What `write_sealed` wrote. Raises OSError, and ValueError for what is not whole."""
    # Buffered reading would copy it, and free a large block in the middle of the heap.
    with path.open("rb", buffering=0) as file:
        digest, content = file.read(32), file.read()
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("it is damaged")
    return content


def write_text(path: Path, text: str) -> None:
    """UTF-8 with the line ends that `text` has. Atomic; FerdeskError as in `replacing`."""
    # File names need not be Unicode on every system, and names are among what is written.
    write_bytes(path, text.encode(errors="backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """Indented JSON; NaN and infinity become null. Atomic; FerdeskError as in `replacing`."""
    write_text(path, json_text(value, indent=2) + "\n")


def append_line(path: Path, line: str) -> None:
    """Add `line` and a line end, wholly or not at all; FerdeskError as in `replacing`.

    A last line without an end, left by a power cut, is ended first, so that it spoils no other.
    """
    content = line.encode(errors="backslashreplace") + b"\n"
    with refusals(path), path.open("a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                content = b"\n" + content
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            sync(file)
        except BaseException:
            file.truncate(size)
            raise


def json_text(value: Any, indent: int | None = None) -> str:
    """Strict JSON in ASCII, on one line without `indent`; NaN and infinity become null."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def sync(file: Any) -> None:
    """Have the system bring a flushed `file` to the disk. OSError when the disk is full."""
    try:
        os.fsync(file.fileno())
    except OSError as error:
        # Some network file systems have no fsync.
        if error.errno not in _CANNOT_SYNC:
            raise


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _remove_abandoned(target: Path) -> None:
    """Remove what processes killed in the middle of writing `target` left beside it."""
    partial = re.compile(re.escape(target.name[:50]) + r"\.[0-9a-f]{8}\.part")
    for entry in os.scandir(target.parent):
        is_partial = partial.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
        if is_partial and time.time() - entry.stat().st_mtime > _ABANDONED:
            Path(entry.path).unlink(missing_ok=True)


def _system_error(error: BaseException) -> OSError | None:
    """The refusal of the system behind `error`.

    torch's writer answers a failed write with a RuntimeError ("unexpected pos 704 vs 598") that
    has the OSError as its context.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _refusal(path: Path, error: OSError) -> str:
    kept = "; the last good one is kept" if path.is_file() else ""
    if error.errno in FULL:
        return (
            f"The disk is full: '{path}' could not be written{kept}. Free some space and try again."
        )
    if error.errno in _FORBIDDEN:
        return (
            f"'{path}' may not be written ({error.strerror}){kept}. Allow it or choose another "
            "folder, and try again."
        )
    return f"'{path}' could not be written: {error.strerror or error}{kept}."
