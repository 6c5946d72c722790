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
_IDLE_SECONDS: Final = 0.5
_SENT: Final = {EventKind.SOURCE_OPENED, EventKind.SOURCE_ENDED, EventKind.ERROR}


@dataclass(frozen=True, slots=True)
class _Mark:
    label: str
    at: float


class _Way:
    """An outlet and what became of what it was given. On the sender's thread."""

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.sent = 0
        self.refused = 0

    def give(self, item: Reading | _Mark, threshold: float) -> None:
        try:
            if isinstance(item, _Mark):
                self.outlet.mark(item.label, item.at)
            else:
                self.outlet.send(item, threshold)
                self.sent += 1
        except OSError as error:
            self._refuse(error)
        except Exception as error:
            if not self.refused:
                log.exception("%s failed", self.outlet.name)
            self._refuse(error)

    def close(self) -> None:
        try:
            self.outlet.close()
        except Exception:
            log.exception("%s could not be closed", self.outlet.name)

    def _refuse(self, error: Exception) -> None:
        if not self.refused:
            log.warning("%s could not send (%s); what is lost is counted", self.outlet.name, error)
        self.refused += 1


class Sender:
    """A `Sink` for the engine: every method returns at once but `close`.

    What does not fit into the queue is dropped and counted; nothing ever waits for a receiver.
    """

    def __init__(self, outlets: Sequence[Outlet] = (), *, waiting: int = _WAITING) -> None:
        """Begin; the outlets are closed by `remove` and `close`."""
        self._ways = tuple(_Way(outlet) for outlet in outlets)
        self._threshold = 0.0
        self._dropped = 0
        self._waiting = waiting
        self._queue: queue.SimpleQueue[Reading | _Mark | None] = queue.SimpleQueue()
        self._leaving: queue.SimpleQueue[_Way] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def add(self, outlet: Outlet) -> None:
        """Send to this one, too, from now on."""
        self._ways = (*self._ways, _Way(outlet))

    def remove(self, outlet: Outlet) -> None:
        """Send to it no more, and close it soon."""
        for way in self._ways:
            if way.outlet is outlet:
                self._ways = tuple(other for other in self._ways if other is not way)
                self._leaving.put(way)
                self._queue.put(None)

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
                way.outlet.name, way.outlet.address, way.outlet.receivers, way.sent,
                way.refused + way.outlet.lost + self._dropped,
            )
            for way in self._ways
        )  # fmt: skip

    def close(self, timeout: float = 2.0) -> bool:
        """Send what waits, then close every outlet; True when it was done in `timeout` seconds."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _put(self, item: Reading | _Mark) -> None:
        # Several threads may look at once: then one or two more wait, and no lock is needed.
        if self._queue.qsize() < self._waiting:
            self._queue.put(item)
        else:
            self._dropped += 1

    def _run(self) -> None:
        while not (self._closing.is_set() and self._queue.empty()):
            try:
                item = self._queue.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                item = None
            while not self._leaving.empty():
                self._leaving.get().close()
            if item is not None:
                for way in self._ways:
                    way.give(item, self._threshold)
        for way in self._ways:
            way.close()
