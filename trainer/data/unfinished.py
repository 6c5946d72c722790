"""A packed cache while it is being written: one process at a time, and it goes on where it stopped.

    CACHE/<key>.part/crops.npy     header, then the crops one after the other
    CACHE/<key>.part/done.txt      one line per picture: what became of it, SHA-256 of its pixels
    CACHE/<key>.part.lock          held by the process that writes

Crops reach the disk before their lines, so no line is about a crop that is missing.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import FULL
from ferdesk.vision.crop import CROP_SIZE

log = logging.getLogger(__name__)

Outcome = Literal["aligned", "whole", "unreadable", "duplicate"]
"""Cropped by landmarks, scaled as a whole, not decodable, or seen in the training part."""

CROP_BYTES = CROP_SIZE * CROP_SIZE * 3
_BLOCK = 64
"""Pictures between two writes: what an interruption costs at most."""


@dataclass(frozen=True, slots=True)
class Done:
    """One picture that was dealt with."""

    outcome: Outcome
    digest: str
    """Hexadecimal SHA-256 of the decoded pixels; "-" for an unreadable one."""

    @property
    def has_crop(self) -> bool:
        """Whether a crop was written for it."""
        return self.outcome in ("aligned", "whole")


def npy_header(count: int) -> bytes:
    """The head of a .npy file of `count` crops; always of the same length."""
    buffer = io.BytesIO()
    shape = (count, CROP_SIZE, CROP_SIZE, 3)
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Hold `folder` (made if need be) for this process; waits while another one holds it.

    A process that ends in any way releases it. FerdeskError when it cannot be made or locked.
    """
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    with _refusals(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("another process is packing this data set: waiting for it")
            lock.acquire()
        folder.mkdir(exist_ok=True)
    try:
        yield
    finally:
        # Windows does not remove what is open; there the lock does it itself.
        with contextlib.suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()


@contextlib.contextmanager
def _refusals(folder: Path) -> Iterator[None]:
    """Turn what the system refuses in `folder` into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise FerdeskError(
                f"The disk of the cache '{folder.parent}' is full; make room or give another "
                "--cache, then the same command goes on where it was stopped."
            ) from error
        raise FerdeskError(
            f"The cache '{folder.parent}' cannot be written ({error.strerror or error}); give "
            "another --cache."
        ) from error


class Unfinished:
    """The files of a claimed folder."""

    def __init__(self, folder: Path, total: int) -> None:
        """Take up what an interrupted process left of `total` pictures, or begin.

        Raises FerdeskError when the disk has no room for the rest.
        """
        self.folder = folder
        self.done: list[Done] = []
        self._crops = folder / "crops.npy"
        self._lines = folder / "done.txt"
        self._waiting: list[tuple[Done, bytes]] = []
        self._start = len(npy_header(total))
        with _refusals(folder):
            self._take_up()
            if self.done:
                log.info(
                    "an unfinished cache was found: going on after %d of %d pictures",
                    len(self.done), total,
                )  # fmt: skip
            needed = (total - len(self.done)) * CROP_BYTES
            free = shutil.disk_usage(folder).free
            if free < needed:
                raise FerdeskError(
                    f"The data set needs {needed / 1e9:.2f} GB in the cache '{folder.parent}' and "
                    f"{free / 1e9:.2f} GB are free; make room or give another --cache."
                )

    def _take_up(self) -> None:
        """Read the lines, and cut both files to the pictures that are whole in both."""
        lines, crops = [], 0
        if self._lines.is_file() and self._crops.is_file():
            present = (self._crops.stat().st_size - self._start) // CROP_BYTES
            for line in self._lines.read_bytes().splitlines(keepends=True):
                outcome, _, digest = line.decode(errors="replace").rstrip("\n").partition(" ")
                if outcome not in get_args(Outcome) or not digest or not line.endswith(b"\n"):
                    break
                entry = Done(outcome, digest)  # type: ignore[arg-type]
                if crops + entry.has_crop > present:
                    break
                crops += entry.has_crop
                self.done.append(entry)
                lines.append(line)
        self._lines.write_bytes(b"".join(lines))
        if not crops:
            self._crops.write_bytes(npy_header(0))
        os.truncate(self._crops, self._start + crops * CROP_BYTES)

    def add(self, outcome: Outcome, digest: str, crop: NDArray[np.uint8] | None) -> None:
        """Keep what became of the next picture; `crop` is (112, 112, 3) uint8 RGB or None."""
        done = Done(outcome, digest)
        self.done.append(done)
        self._waiting.append((done, b"" if crop is None else crop.tobytes()))
        if len(self._waiting) >= _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Bring everything to the disk. FerdeskError when it is full."""
        waiting, self._waiting = self._waiting, []
        lines = "".join(f"{done.outcome} {done.digest}\n" for done, _ in waiting)
        with _refusals(self.folder):
            with self._crops.open("ab") as file:
                file.write(b"".join(crop for _, crop in waiting))
                file.flush()
                os.fsync(file.fileno())
            with self._lines.open("ab") as file:
                file.write(lines.encode())

    def publish(self, folder: Path) -> None:
        """Move the crops into `folder`, under a header that counts them."""
        self.flush()
        with _refusals(self.folder):
            with self._crops.open("r+b") as file:
                file.write(npy_header(sum(done.has_crop for done in self.done)))
                file.flush()
                os.fsync(file.fileno())
            folder.mkdir(parents=True, exist_ok=True)
            self._crops.replace(folder / self._crops.name)
