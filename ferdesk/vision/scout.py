"""Searches for faces beside the analysis, on a thread that never makes it wait."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.search import FaceSearch, Found
from ferdesk.vision.types import Box

_NICENESS: Final = 10
_REST: Final = 4.0
"""A search is followed by a pause of so many times its own length: a fifth of one core at most."""


class Scout:
    """One search at a time on a thread of its own."""

    def __init__(self, *, give_way: bool) -> None:
        """`give_way`: with low priority, where nobody waits for the answer."""
        self._pool = ThreadPoolExecutor(
            1, thread_name_prefix="face-search", initializer=_give_way if give_way else None
        )
        self._search: FaceSearch | None = None
        self._running: Future[Found] | None = None
        self._rested = 0.0

    @property
    def free(self) -> bool:
        """Whether `begin` would begin now: nothing is searched, and the last search is paid for."""
        return self._running is None and time.perf_counter() >= self._rested

    def begin(self, rgb: NDArray[np.uint8], known: Sequence[Box], *, tiles: bool) -> None:
        """Search a picture that nobody writes to any more; see `FaceSearch.search`."""
        self._running = self._pool.submit(self._look, rgb, tuple(known), tiles)

    def take(self, *, waiting: bool = False) -> Found | None:
        """What the search begun last found, once. FerdeskError if it could not be done."""
        running = self._running
        if running is None or not (waiting or running.done()):
            return None
        self._running = None
        return running.result()

    def drop(self) -> None:
        """Forget the search that runs: another scene follows."""
        if self._running is not None:
            if self._search is not None:
                self._search.stop()
            wait([self._running])
            self._running = None
        self._rested = 0.0

    def _look(self, rgb: NDArray[np.uint8], known: tuple[Box, ...], tiles: bool) -> Found:
        if self._search is None:
            self._search = FaceSearch()
        start = time.perf_counter()
        found = self._search.search(rgb, known, tiles=tiles)
        now = time.perf_counter()
        self._rested = now + _REST * (now - start)
        return found

    def close(self) -> None:
        """End the search that runs and free the models."""
        self.drop()
        self._pool.shutdown()
        if self._search is not None:
            self._search.close()


def _give_way() -> None:
    """Low priority, where the system has it per thread; MediaPipe's threads inherit it."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
