"""How far the analysis is and how long it will take: a bar, or a line now and then."""

from __future__ import annotations

import sys
import time
from typing import Final, Self

from tqdm import tqdm

_EVERY: Final = 30.0
"""Seconds between two lines where standard error is no terminal."""


class Progress:
    """Told of every frame; writes to standard error."""

    def __init__(self, total: int | None, every: float = _EVERY) -> None:
        """`total` None: not known how many frames will come."""
        self._total = total
        self._every = every
        self._frames = 0
        self._begun = self._told = time.monotonic()
        terminal = sys.stderr.isatty()
        self._bar = tqdm(total=total, unit=" frames", leave=False) if terminal else None

    def frame(self) -> None:
        """One more was analysed."""
        self._frames += 1
        if self._bar is not None:
            self._bar.update()
        elif time.monotonic() - self._told >= self._every:
            self._told = time.monotonic()
            sys.stderr.write(f"{self.line(self._told - self._begun)}\n")
            sys.stderr.flush()

    def line(self, seconds: float) -> str:
        """In words, `seconds` after the beginning."""
        rate = self._frames / max(seconds, 1e-9)
        if self._total is None or self._frames > self._total:
            return f"{self._frames:,} frames, {rate:.1f} per second"
        left = (self._total - self._frames) / rate
        return f"{self._frames:,} of {self._total:,} frames, {duration(left)} left"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.close()


def duration(seconds: float) -> str:
    """`about 40 s`, `about 12 min`, `about 3 h 20 min`."""
    if seconds < 90:
        return f"about {seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60} min"
