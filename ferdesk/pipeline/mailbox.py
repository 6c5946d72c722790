"""One slot between two threads: the newest value wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most one value. Putting never blocks; what was not taken in time is dropped."""

    def __init__(self) -> None:
        self._filled = threading.Condition()
        self._value: T | None = None
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many values were overwritten before anyone took them, or refused."""
        with self._filled:
            return self._dropped

    def put(self, value: T) -> None:
        """Leave `value`, overwriting and counting one that still lies there."""
        with self._filled:
            if self._value is not None:
                self._dropped += 1
            self._value = value
            self._filled.notify()

    def take(self, timeout: float = 0.0) -> T | None:
        """The value, once; None when there is none within `timeout` seconds."""
        with self._filled:
            if self._value is None and timeout > 0:
                self._filled.wait(timeout)
            value, self._value = self._value, None
            return value

    def refuse(self) -> None:
        """Count the value that was just taken with the dropped ones."""
        with self._filled:
            self._dropped += 1

    def clear(self) -> None:
        """Forget the value without counting it, and start counting from 0 again."""
        with self._filled:
            self._value = None
            self._dropped = 0

    def wake(self) -> None:
        """Let a waiting `take` return at once, with None if the slot is empty."""
        with self._filled:
            self._filled.notify_all()
