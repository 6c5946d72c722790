"""How progress looks: a bar for people, lines for log files, JSON lines for the app."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from ferdesk.files import json_text

log = logging.getLogger(__name__)

Figures = Mapping[str, float | None]

_PLAIN_SECONDS = 15.0
_JSON_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is."""

    title: str
    epochs: int
    steps: int
    """Of one epoch."""
    epoch: int
    """From 1; before the first step the number of epochs that are done."""
    step: int
    done: int
    """Steps of the whole run that are done."""
    seconds: float
    """Since this start."""
    seconds_left: float | None
    """At the pace since this start."""

    @property
    def share(self) -> float:
        """Part of the whole run that is done, in [0, 1]."""
        return self.done / max(1, self.epochs * self.steps)


class Display:
    """Shows nothing; what the displays below have in common."""

    def started(self, place: Place) -> None:
        """The run begins or goes on."""

    def step(self, place: Place, figures: Figures, speed: float) -> None:
        """Some steps are done, at `speed` pictures per second."""

    def epoch(self, place: Place, figures: Figures) -> None:
        """An epoch is complete."""

    def message(self, text: str) -> None:
        """Anything else."""

    def ended(self, seconds: float, reason: str | None, stopped: bool) -> None:
        """Nothing comes after this, `seconds` after this start.

        `reason`: why the run did not come through, in one sentence; `stopped`: as somebody asked.
        """


class Output:
    """A stream whose reader may go away: that is logged once, then everything is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.gone = False

    def attempt(self, write: Callable[[], object]) -> None:
        """Call `write`, unless the stream has failed before."""
        if self.gone:
            return
        try:
            write()
        except (OSError, ValueError) as error:
            if isinstance(error, ValueError) and not self.stream.closed:
                raise
            self.gone = True
            self._discard_rest()
            log.warning("the progress can no longer be shown (%s); training goes on", error)

    def line(self, text: str) -> None:
        """`text` and a line end, at once."""

        def write() -> None:
            self.stream.write(text + "\n")
            self.stream.flush()

        self.attempt(write)

    def _discard_rest(self) -> None:
        # Python flushes stdout once more as it ends and would turn success into exit code 120.
        if self.stream is not sys.stdout or self.stream.closed:
            return
        with contextlib.suppress(OSError, ValueError):
            number = self.stream.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)


class JsonLines(Display):
    """One object per line, as `trainer.training.progress` describes them."""

    def __init__(self, stream: TextIO, label: str = "") -> None:
        self._out = Output(stream)
        self._next = 0.0
        self._run = {"run": label} if label else {}

    def _event(
        self, event: str, place: Place | None = None, names: Sequence[str] = (), **values: Any
    ) -> None:
        where = {name: getattr(place, name) for name in names}
        self._out.line(json_text({"event": event, **self._run, **where, **values}))

    def started(self, place: Place) -> None:
        """title, epochs, steps, epoch, step"""
        self._next = 0.0
        self._event("started", place, ("title", "epochs", "steps", "epoch", "step"))

    def step(self, place: Place, figures: Figures, speed: float) -> None:
        """Dropped when the last one is less than a fifth of a second old."""
        if place.seconds < self._next:
            return
        self._next = place.seconds + _JSON_SECONDS
        names = ("epoch", "epochs", "step", "steps", "share", "seconds_left")
        self._event("step", place, names, figures=figures, pictures_per_second=speed)

    def epoch(self, place: Place, figures: Figures) -> None:
        """epoch, epochs, figures, share, seconds_left"""
        names = ("epoch", "epochs", "share", "seconds_left")
        self._event("epoch", place, names, figures=figures)

    def message(self, text: str) -> None:
        """text"""
        self._event("message", text=text)

    def ended(self, seconds: float, reason: str | None, stopped: bool) -> None:
        """`finished`, or `failed` with reason and stopped"""
        if reason is None:
            self._event("finished", seconds=seconds)
        else:
            self._event("failed", reason=reason, stopped=stopped, seconds=seconds)


class PlainLines(Display):
    """A line every 15 seconds and one per epoch, in the style of the log around them."""

    def __init__(self, stream: TextIO, label: str = "") -> None:
        self._out = Output(stream)
        self._label = f"{label}: " if label else ""
        self._next = 0.0
        self._started = False

    def started(self, place: Place) -> None:
        """What is going to run."""
        self._next, self._started = _PLAIN_SECONDS, True
        going_on = f", {place.done} steps done before" if place.done else ""
        self.message(f"{place.title}: {place.epochs} epochs of {place.steps} steps{going_on}")

    def step(self, place: Place, figures: Figures, speed: float) -> None:
        """Dropped when the last line is less than 15 seconds old."""
        if place.seconds < self._next:
            return
        self._next = place.seconds + _PLAIN_SECONDS
        self.message(
            f"epoch {place.epoch}/{place.epochs}, step {place.step}/{place.steps}: "
            f"{_numbers(figures)}; {speed:.0f} pictures/s{_left(place)}"
        )

    def epoch(self, place: Place, figures: Figures) -> None:
        """Always a line."""
        self._next = place.seconds + _PLAIN_SECONDS
        self.message(f"epoch {place.epoch}/{place.epochs} done: {_numbers(figures)}{_left(place)}")

    def message(self, text: str) -> None:
        """`text` after the time of day and the label."""
        self._out.line(f"{time.strftime('%H:%M:%S')} {self._label}{text}")

    def ended(self, seconds: float, reason: str | None, stopped: bool) -> None:  # noqa: ARG002
        """Only success: what went wrong is said by whoever catches the error."""
        if reason is None and self._started:
            self.message(f"finished after {duration(seconds)}")


class Bar(Display):
    """One tqdm bar for the run; lines, those of the log too, scroll by above it."""

    def __init__(self, stream: TextIO) -> None:
        self._out = Output(stream)
        self._bar: Any = None
        self._redirected = contextlib.ExitStack()

    def _attempt(self, write: Callable[[], object]) -> None:
        self._out.attempt(write)
        if self._out.gone and self._bar is not None:
            self._bar.disable = True

    def started(self, place: Place) -> None:
        """Draw the bar and lead the log around it."""
        self._close()

        known = _has_size(self._out.stream)

        def draw() -> None:
            self._bar = tqdm(
                desc=f"{place.title}, epoch {min(place.epoch + 1, place.epochs)}/{place.epochs}",
                total=place.epochs * place.steps,
                initial=place.done,
                file=self._out.stream,
                dynamic_ncols=known,
                ncols=None if known else 80,
                nrows=None if known else 24,
                # The mean pace: looking at the held-out pictures is part of the time left.
                smoothing=0,
                miniters=1,
                bar_format="{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}{postfix}]",
            )

        self._attempt(draw)
        self._redirected.enter_context(logging_redirect_tqdm())

    def step(self, place: Place, figures: Figures, speed: float) -> None:
        """The loss, or the first figure, and the speed."""
        name = "loss" if "loss" in figures else next(iter(figures), None)
        shown = [] if name is None else [_numbers({name: figures[name]})]
        self._move(place, ", ".join([*shown, f"{speed:.0f} pictures/s"]))

    def epoch(self, place: Place, figures: Figures) -> None:
        """A line with all figures."""
        self._move(place, None)
        self.message(f"epoch {place.epoch}/{place.epochs}: {_numbers(figures)}")

    def _move(self, place: Place, postfix: str | None) -> None:
        bar = self._bar
        if bar is None:
            return
        bar.set_description_str(f"{place.title}, epoch {place.epoch}/{place.epochs}", refresh=False)
        if postfix is not None:
            bar.set_postfix_str(postfix, refresh=False)
        self._attempt(lambda: bar.update(place.done - bar.n))

    def message(self, text: str) -> None:
        """Above the bar."""
        self._attempt(lambda: tqdm.write(text, file=self._out.stream))

    def ended(self, seconds: float, reason: str | None, stopped: bool) -> None:  # noqa: ARG002
        """The bar stays as it is; under it success, as the lines say it."""
        shown = self._bar is not None
        self._close()
        if reason is None and shown:
            self._out.line(f"finished after {duration(seconds)}")

    def _close(self) -> None:
        if self._bar is not None:
            self._attempt(self._bar.close)
        self._bar = None
        self._redirected.close()


def _has_size(stream: TextIO) -> bool:
    # Terminals without a window, as containers give them, measure 0 by 0: tqdm draws nothing.
    try:
        return min(os.get_terminal_size(stream.fileno())) > 0
    except (OSError, ValueError):
        return False


def duration(seconds: float) -> str:
    """Seconds for people: "40 s", "12 min", "3 h 05 min", "2 d 4 h"."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def _left(place: Place) -> str:
    return "" if place.seconds_left is None else f"; {duration(place.seconds_left)} left"


def _numbers(figures: Figures) -> str:
    return ", ".join(
        f"{key} unknown" if value is None else f"{key} {value:.4g}"
        for key, value in figures.items()
    )
