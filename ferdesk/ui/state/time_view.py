"""Which part of the time the timeline shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_STEP: Final = 1.25
_SHORTEST: Final = 2.0
"""Seconds."""


@dataclass(slots=True)
class TimeView:
    """The last seconds, moving on with the time, until somebody zooms or scrolls back."""

    usual: float = 20.0
    """Seconds that are shown while it follows."""
    span: float = 20.0
    end: float | None = None
    """The right edge; None: now."""

    @property
    def follows(self) -> bool:
        """Whether it shows what it shows as a rule: the last seconds up to now."""
        return self.end is None and self.span == self.usual

    def edges(self, now: float) -> tuple[float, float]:
        """First and last moment."""
        last = now if self.end is None else min(self.end, now)
        return last - self.span, last

    def follow(self) -> None:
        """Back to the last seconds."""
        self.span, self.end = self.usual, None

    def whole(self, start: float, now: float) -> None:
        """From the start of the source up to now."""
        self.span, self.end = max(now - start, self.usual), None

    def zoom(self, steps: float, at: float | None, start: float, now: float) -> None:
        """Closer by so many steps round `at` (None, or while it follows: the right edge)."""
        last = self.edges(now)[1]
        longest = max(now - start, self.usual)
        span = min(max(self.span * _STEP**-steps, _SHORTEST), longest)
        if self.end is None and (at is None or steps < 0):
            self.span = span
            return
        at = last if at is None else at
        share = (last - at) / self.span
        self.span = span
        self._go(at + share * span, start, now)

    def shift(self, seconds: float, start: float, now: float) -> None:
        """Later by so much; earlier below 0."""
        self._go(self.edges(now)[1] + seconds, start, now)

    def show(self, at: float, start: float, now: float) -> None:
        """Scroll until this moment is in view, and stand still."""
        first, last = self.edges(now)
        if not first <= at <= last:
            self._go(at + self.span / 2, start, now)
        if self.end is None:
            self.end = now

    def _go(self, end: float, start: float, now: float) -> None:
        end = max(end, min(start + self.span, now))
        self.end = None if end >= now else end
