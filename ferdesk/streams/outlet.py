"""What every way out promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ferdesk.errors import FerdeskError
from ferdesk.pipeline.types import Reading


class StreamError(FerdeskError):
    """A stream cannot be begun; the sentence says what to do."""


class Outlet(Protocol):
    """One way out. Everything but `address`, `receivers` and `lost` belongs to the sender's thread.

    `send` and `mark` never wait for a receiver: what one is too slow for is lost and counted. They
    raise OSError when the system refuses to send.
    """

    @property
    def name(self) -> str:
        """ "LSL", "OSC" or "WebSocket"."""
        ...

    @property
    def address(self) -> str:
        """What a receiver has to be told."""
        ...

    @property
    def receivers(self) -> str:
        """Who listens, in words."""
        ...

    @property
    def lost(self) -> int:
        """Messages that a receiver was too slow for."""
        ...

    def send(self, reading: Reading, threshold: float) -> None:
        """Every face of a reading, or that there is none; `threshold`: `FaceReading.answer`."""
        ...

    def mark(self, label: str, at: float) -> None:
        """An event; `at` as `time.perf_counter()`."""
        ...

    def close(self) -> None:
        """End it, within a second or so; further calls do nothing."""
        ...


@dataclass(frozen=True, slots=True)
class OutletStatus:
    """One way out at one instant."""

    name: str
    address: str
    receivers: str
    sent: int
    """Readings handed to the system or the library."""
    lost: int
    """Readings and messages that did not go out: refused, or a receiver was too slow."""
