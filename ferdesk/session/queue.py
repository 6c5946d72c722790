"""A queue that never makes the one who fills it wait."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedQueue(Generic[T]):
    """Holds up to a limit; what does not fit is refused, at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._items: deque[T] = deque()
        self._changed = threading.Condition()

    def put(self, item: T, *, always: bool = False) -> bool:
        """Add `item`; False when there was no room. `always`: for what must never be lost."""
        with self._changed:
            if not always and len(self._items) >= self.limit:
                return False
            self._items.append(item)
            self._changed.notify()
            return True

    def __len__(self) -> int:
        """How many wait."""
        return len(self._items)

    def take(self, timeout: float) -> list[T]:
        """Everything that waits, in order; empty when nothing came within `timeout` seconds."""
        with self._changed:
            if not self._items:
                self._changed.wait(timeout)
            items = list(self._items)
            self._items.clear()
            return items

    def take_one(self, timeout: float) -> T | None:
        """The first that waits; None when nothing came within `timeout` seconds."""
        with self._changed:
            if not self._items:
                self._changed.wait(timeout)
            return self._items.popleft() if self._items else None

    def wake(self) -> None:
        """Let a waiting taker return at once."""
        with self._changed:
            self._changed.notify_all()
