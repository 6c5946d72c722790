"""A frame, and what every source of frames promises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError


class SourceLostError(FerdeskError):
    """A live source that worked stopped giving frames; opening it again may help."""


class SourceBusyError(FerdeskError):
    """Another program has the source; opening it again later may help."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture as it left its source."""

    image: NDArray[np.uint8]
    """(H, W, 3) uint8 BGR, C-contiguous, H and W >= 1."""
    index: int
    """0, 1, 2, … within the source."""
    media_time: float
    """Seconds since the first frame of its file or, for cameras, since the first frame; by the
    file's own timestamps. 0 for pictures, which have no time."""
    captured_at: float
    """`time.perf_counter()` when the frame was read: the start of every latency."""
    file: Path | None = None
    """The file it was read from; None for cameras, streams and the sample."""
    still: bool = False
    """A picture of its own: it has nothing to do with the frame before."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What was granted when a source was opened."""

    name: str
    width: int
    height: int
    fps: float
    """Frames per second the source promises; 0 = unknown."""
    live: bool
    """True: frames come in real time and wait for nobody. False: `read` is as fast as decoding."""
    frame_count: int | None
    """How many frames a file promises; None for live and endless sources."""
    detail: str
    """The mode in words, for example "640x480, 30 fps, MJPG, V4L2"."""

    @property
    def in_words(self) -> str:
        """Name and mode."""
        return f"{self.name}, {self.detail}" if self.detail else self.name


class Source(Protocol):
    """Frames in order, from one thread.

    Frames are (H, W, 3) uint8 BGR, C-contiguous, and never written again. Pacing is the caller's
    job: files are read as fast as they decode, live sources block until a frame comes (about two
    seconds at most).
    """

    @property
    def description(self) -> str:
        """Name for the screen, known before opening."""
        ...

    @property
    def warning(self) -> str:
        """One sentence about frames that could not be read so far; "" when there were none."""
        ...

    def open(self) -> SourceInfo:
        """Start, or start again from the beginning. Raises FerdeskError when that fails."""
        ...

    def read(self) -> Frame | None:
        """The next frame; None when the source has ended.

        Raises SourceLostError when a live source is lost, FerdeskError otherwise, RuntimeError
        when it is not open.
        """
        ...

    def close(self) -> None:
        """Release everything; may be called at any time, any number of times."""
        ...


@runtime_checkable
class SteppableSource(Source, Protocol):
    """A source of several files, among which one can go back and forward."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file in the order of playing, readable or not; known once it is open."""
        ...

    def step(self, by: int) -> bool:
        """Go `by` files further, back when negative, to the first or last at most; `read` gives
        that file from its beginning.

        Without a further one the present file begins again; False then. RuntimeError when it is
        not open.
        """
        ...
