"""How a run reports its progress.

The bar and the plain lines go to stderr beside the log; JSON lines go to stdout, each flushed. A
JSON line is an object with "event" and, by event:

======== =========================================================================================
started  title, epochs, steps (of an epoch), epoch and step (how many were done before)
step     epoch and step (from 1), epochs, steps, figures, pictures_per_second, share, seconds_left
epoch    epoch (from 1; it is complete), epochs, figures, share, seconds_left
message  text
finished seconds (since this start)
failed   reason (for people), stopped (true: as asked, nothing is wrong), seconds
======== =========================================================================================

``figures`` maps names to numbers, ``share`` is the part of the whole run that is done, in [0, 1].
What is not known, NaN or infinite is null. There are at most five step events per second.
Where several runs write to one stdout, every object names its own as "run".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self, TextIO

from trainer.training.displays import Bar, Display, Figures, JsonLines, Place, PlainLines

ProgressKind = Literal["auto", "bar", "plain", "json", "none"]
"""auto: a bar on a terminal, plain lines elsewhere; none: for processes other than the first."""


class Progress:
    """What a run reports to; as a context it says at its end whether the run came through."""

    def __init__(
        self,
        kind: ProgressKind = "auto",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        label: str = "",
    ) -> None:
        """`stream` stands in for stdout or stderr; `clock` gives seconds.

        `label` tells the lines from those of other runs beside it, for which there is no bar.
        """
        if kind == "auto":
            kind = "bar" if (stream or sys.stderr).isatty() else "plain"
        if kind == "bar" and label:
            kind = "plain"
        self._display: Display
        if kind == "bar":
            self._display = Bar(stream or sys.stderr)
        elif kind == "plain":
            self._display = PlainLines(stream or sys.stderr, label)
        elif kind == "json":
            self._display = JsonLines(stream or sys.stdout, label)
        else:
            self._display = Display()
        self._clock = clock
        self._began = clock()
        self._title, self._epochs, self._steps, self._before = "", 0, 0, 0
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(error)

    def _place(self, epoch: int, step: int, done: int) -> Place:
        seconds = self._clock() - self._began
        here = done - self._before
        left = seconds / here * (self._epochs * self._steps - done) if here > 0 else None
        return Place(self._title, self._epochs, self._steps, epoch, step, done, seconds, left)

    def start(
        self, title: str, total_epochs: int, steps_per_epoch: int, epoch: int, step: int
    ) -> None:
        """The run begins, or goes on after `epoch` whole epochs and `step` steps of the next."""
        self._title, self._epochs, self._steps = title, total_epochs, steps_per_epoch
        self._before = epoch * steps_per_epoch + step
        self._began = self._clock()
        self._display.started(self._place(epoch, step, self._before))

    def step(self, epoch: int, step: int, figures: Figures, pictures_per_second: float) -> None:
        """`step` steps of `epoch` are done; both count from 1. May be called for every step."""
        place = self._place(epoch, step, (epoch - 1) * self._steps + step)
        self._display.step(place, figures, pictures_per_second)

    def epoch(self, epoch: int, figures: Figures) -> None:
        """`epoch`, from 1, is complete."""
        self._display.epoch(self._place(epoch, self._steps, epoch * self._steps), figures)

    def message(self, text: str) -> None:
        """A line that is about neither a step nor an epoch."""
        self._display.message(text)

    def close(self, error: BaseException | None = None) -> None:
        """Say that the run came through, or why it did not; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        stopped = isinstance(error, KeyboardInterrupt)
        reason = None
        if stopped:
            reason = "Stopped; the same command goes on where it was stopped."
        elif error is not None:
            reason = str(error) or type(error).__name__
        self._display.ended(self._clock() - self._began, reason, stopped)
