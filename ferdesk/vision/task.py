"""What every MediaPipe task needs: the model file, a quiet start, a checked frame, a safe end."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.resources import asset
from ferdesk.vision.reports import block_reports

logger = logging.getLogger(__name__)

MODEL_NAME: Final = "face_landmarker.task"
MODEL_SHA256: Final = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

_open_tasks: set[Any] = set()
"""Keeps every task alive until it was closed: one that is collected instead deadlocks in its
`__del__`, so a forgotten `close()` should leak rather than hang."""

_TALKATIVE: Final = 60
"""Pictures during which a task may still have something to say."""

_stderr_lock = threading.Lock()
_import_lock = threading.Lock()
_UNNEEDED: Final = ("matplotlib", "matplotlib.pyplot", "sounddevice")


class Task:
    """Owns one MediaPipe task. Any thread may use it, but it must be closed, best with ``with``."""

    def __init__(self, create: Callable[[], Any]) -> None:
        """`create` makes the task, once MediaPipe is imported. Raises FerdeskError."""
        self._lock = threading.Lock()
        self._task: Any = None
        self._pictures = 0
        with _captured_stderr():
            import_mediapipe()
            try:
                self._task = create()
            except (RuntimeError, ValueError, OSError) as error:
                raise FerdeskError(
                    f"MediaPipe could not start its face landmarker ({_first_line(error)}); "
                    "run 'ferdesk doctor' to see what is missing."
                ) from error
        _open_tasks.add(self._task)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        """The task, for one caller at a time; RuntimeError once closed."""
        with self._lock:
            if self._task is None:
                raise RuntimeError("the landmarker is closed")
            # The first pictures make MediaPipe talk once more, not always the very first.
            quiet = self._pictures >= _TALKATIVE
            self._pictures += 1
            with contextlib.nullcontext() if quiet else _captured_stderr():
                yield self._task

    def close(self) -> None:
        """Release the model; waits for a running `detect`. Further calls do nothing."""
        with self._lock:
            task, self._task = self._task, None
            if task is None:
                return
            try:
                with _captured_stderr():
                    task.close()
            except (RuntimeError, ValueError):
                # Left among the open tasks on purpose: collecting it would close it again.
                logger.warning("MediaPipe did not close its landmarker", exc_info=True)
            else:
                _open_tasks.discard(task)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def read_model(path: Path | None) -> bytes:
    path = path or asset(MODEL_NAME)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FerdeskError(
            f"The face landmark model is missing at '{path}'; install ferdesk again to restore it."
        ) from None
    except OSError as error:
        raise FerdeskError(
            f"The face landmark model '{path}' cannot be read ({error.strerror}); "
            "check its permissions or install ferdesk again."
        ) from error
    if hashlib.sha256(data).hexdigest() != MODEL_SHA256:
        raise FerdeskError(
            f"The face landmark model '{path}' is altered or damaged (its checksum is wrong); "
            "install ferdesk again to restore it."
        )
    return data


def read_part(name: str) -> bytes:
    """One of the models that the model file bundles. Raises FerdeskError like `read_model`."""
    with zipfile.ZipFile(io.BytesIO(read_model(None))) as file:
        return file.read(name)


def import_mediapipe() -> None:
    """Import MediaPipe without what it imports only for plots and microphones.

    That would cost half a second and 35 MB: it finds empty modules instead, everyone else the real
    ones. May be called early, on any thread.
    """
    block_reports()
    with _import_lock:
        placed = {n: ModuleType(n) for n in _UNNEEDED if n not in sys.modules}
        if "matplotlib" in placed:
            placed["matplotlib"].pyplot = placed["matplotlib.pyplot"]  # type: ignore[attr-defined]
        sys.modules.update(placed)
        try:
            import mediapipe.tasks.python.vision  # noqa: F401
        finally:
            for name in placed:
                del sys.modules[name]


@contextlib.contextmanager
def _captured_stderr() -> Iterator[None]:
    """Send what native code writes to file descriptor 2 to our log at DEBUG.

    MediaPipe logs there before any of its settings can quieten it. Process-wide while it lasts.
    """
    with _stderr_lock, contextlib.ExitStack() as stack:
        try:
            saved = os.dup(2)
        except OSError:  # a windowed program may have no stderr at all
            yield
            return
        stack.callback(os.close, saved)
        log: Any = stack.enter_context(tempfile.TemporaryFile())
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            log.seek(0)
            for line in log.read().decode(errors="replace").splitlines():
                if line.strip():
                    logger.debug("mediapipe: %s", line.strip())


def contiguous(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The (H, W, 3) uint8 RGB frame, C-contiguous. Raises FerdeskError for another shape or type.

    A frame MediaPipe does not like makes every later call fail or ends the process, so nothing may
    reach it unchecked. It also ignores strides.
    """
    if (
        not isinstance(rgb, np.ndarray)
        or rgb.dtype != np.uint8
        or rgb.ndim != 3
        or rgb.shape[2] != 3
        or rgb.size == 0
    ):
        raise FerdeskError(
            "The face landmarker was given a frame that is not an 8-bit RGB picture "
            f"({_describe(rgb)}); convert it to height x width x 3 first."
        )
    return np.ascontiguousarray(rgb)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"shape {'x'.join(map(str, value.shape)) or 'none'}, {value.dtype}"
    return type(value).__name__
