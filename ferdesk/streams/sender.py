"""One thread that sends what it is given to every outlet, behind a bounded queue."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ferdesk.pipeline.types import EngineEvent, EventKind, Reading
from ferdesk.streams.outlet import Outlet, OutletStatus

if TYPE_CHECKING:
    from ferdesk.sources.base import Frame

log = logging.getLogger(__name__)

_WAITING: Final = 64
"""Readings that may wait: two seconds of a camera."""
_SENT: Final = {EventKind.SOURCE_OPENED, EventKind.SOURCE_ENDED, EventKind.ERROR}


@dataclass(frozen=True, slots=True)
class _Mark:
    label: str
    at: float


class Sender:
    """A `Sink` for the engine: every method returns at once but `close`.

    What does not fit into the queue is dropped and counted; nothing ever waits for a receiver.
    """

    def __init__(self, outlets: Sequence[Outlet], *, waiting: int = _WAITING) -> None:
        """Begin; the outlets are closed by `close`."""
        self._outlets = tuple(outlets)
        self._threshold = 0.0
        self._sent = dict.fromkeys(range(len(self._outlets)), 0)
        self._refused = dict.fromkeys(range(len(self._outlets)), 0)
        self._dropped = 0
        self._queue: queue.Queue[Reading | _Mark | None] = queue.Queue(waiting)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def frame(self, frame: Frame) -> None:
        """Pictures are never sent."""

    def reading(self, reading: Reading) -> None:
        """Send it to every outlet."""
        self._put(reading)

    def event(self, event: EngineEvent) -> None:
        """Source opened, source ended and errors go out as marks, without their text."""
        if event.kind in _SENT:
            self.mark(event.kind.value)

    def mark(self, label: str, at: float | None = None) -> None:
        """Send an event that happened now, or when `time.perf_counter()` was `at`."""
        self._put(_Mark(label, time.perf_counter() if at is None else at))

    def set_threshold(self, threshold: float) -> None:
        """The operating point from now on: less reliable labels read "unsure"."""
        self._threshold = threshold

    @property
    def dropped(self) -> int:
        """What there was no room for in the queue."""
        return self._dropped

    def status(self) -> tuple[OutletStatus, ...]:
        """Every outlet at this instant."""
        return tuple(
            OutletStatus(
                outlet.name, outlet.address, outlet.receivers, self._sent[i],
                self._refused[i] + outlet.lost + self._dropped,
            )
            for i, outlet in enumerate(self._outlets)
        )  # fmt: skip

    def close(self, timeout: float = 2.0) -> bool:
        """Send what waits, then close every outlet; True when it was done in `timeout` seconds."""
        self._closing.set()
        self._put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _put(self, item: Reading | _Mark | None) -> None:
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._dropped += item is not None

    def _run(self) -> None:
        while not (self._closing.is_set() and self._queue.empty()):
            try:
                item = self._queue.get(timeout=0.5)
            except queue.Empty:
                continue
            if item is None:
                continue
            for i, outlet in enumerate(self._outlets):
                self._give(i, outlet, item)
        for outlet in self._outlets:
            try:
                outlet.close()
            except Exception:
                log.exception("%s could not be closed", outlet.name)

    def _give(self, i: int, outlet: Outlet, item: Reading | _Mark) -> None:
        try:
            if isinstance(item, _Mark):
                outlet.mark(item.label, item.at)
            else:
                outlet.send(item, self._threshold)
                self._sent[i] += 1
        except OSError as error:
            self._refuse(i, outlet, error)
        except Exception as error:
            if not self._refused[i]:
                log.exception("%s failed", outlet.name)
            self._refuse(i, outlet, error)

    def _refuse(self, i: int, outlet: Outlet, error: Exception) -> None:
        if not self._refused[i]:
            log.warning("%s could not send (%s); what is lost is counted", outlet.name, error)
        self._refused[i] += 1
