"""Coordinates for the report's drawings, which the page shows as SVG and the PDF paints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSION_COLOURS, EXPRESSIONS
from ferdesk.session.summary import WITHHELD, AroundEvents, FaceCourse

WIDTH: Final = 1000
"""Of every drawing, in its own units."""
HEIGHT: Final = 120
_BINS: Final = 500
_POINTS: Final = 250
_WITHHELD_COLUMN: Final = len(EXPRESSIONS)


Points = tuple[tuple[float, float], ...]
"""x, y of a line, y downwards."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the ribbon, or of a bar, with one label."""

    x: float
    width: float
    colour: str
    name: str
    withheld: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """One line, interrupted where nothing was read, and the band round it."""

    name: str
    colour: str
    lines: tuple[Points, ...]
    bands: tuple[Points, ...] = ()
    """Outlines, closed."""


def ribbon(course: FaceCourse, duration: float) -> list[Block]:
    """The commonest label of every bin, neighbours of one label joined."""
    duration = max(duration, 1e-6)
    counted = course.weights > 0
    places = np.minimum((course.lane.times / duration * _BINS).astype(int), _BINS - 1)
    columns = np.where(course.labels == WITHHELD, _WITHHELD_COLUMN, course.labels)
    votes = np.zeros((_BINS, _WITHHELD_COLUMN + 1))
    np.add.at(votes, (places[counted], columns[counted]), course.weights[counted])
    winners = np.where(votes.sum(axis=1) > 0, votes.argmax(axis=1), -1)
    # A reading stands for some time: bins between two readings are no gap.
    winners = _filled(winners, max(1, round(0.5 / duration * _BINS)))
    blocks, start = [], 0
    for i in range(1, _BINS + 1):
        if i == _BINS or winners[i] != winners[start]:
            if winners[start] >= 0:
                blocks.append(_block(start, i, int(winners[start])))
            start = i
    return blocks


def bar(shares: NDArray[np.float64], withheld: float) -> list[Block]:
    """A bar of the whole time a face was read: (7,) shares of what was labelled, then the rest."""
    blocks, x = [], 0.0
    for name, share in zip(EXPRESSIONS, np.nan_to_num(shares), strict=True):
        width = float(share) * (1 - withheld) * WIDTH
        if width > 0:
            colour = EXPRESSION_COLOURS[name]
            blocks.append(Block(x, width, colour, DISPLAY_NAMES[name], False))
            x += width
    return [*blocks, Block(x, withheld * WIDTH, "", "withheld", True)] if withheld > 0 else blocks


def _filled(winners: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    out, last = winners.copy(), -reach - 1
    for i, value in enumerate(winners):
        if value >= 0:
            last = i
        elif i - last <= reach and last >= 0:
            out[i] = winners[last]
    return out


def _block(start: int, stop: int, label: int) -> Block:
    x, width = start * WIDTH / _BINS, (stop - start) * WIDTH / _BINS
    if label == _WITHHELD_COLUMN:
        return Block(x, width, "", "withheld", True)
    name = EXPRESSIONS[label]
    return Block(x, width, EXPRESSION_COLOURS[name], DISPLAY_NAMES[name], False)


def over_time(
    times: NDArray[np.float64], values: NDArray[np.float64], duration: float, top: float, name: str
) -> Curve:
    """Means of bins over the session; `top` is the value at the upper edge."""
    places = np.minimum((times / max(duration, 1e-6) * _POINTS).astype(int), _POINTS - 1)
    known = ~np.isnan(values)
    count = np.bincount(places[known], minlength=_POINTS)
    total = np.bincount(places[known], values[known], minlength=_POINTS)
    mean = np.divide(total, count, out=np.full(_POINTS, np.nan), where=count > 0)
    x = (np.arange(_POINTS) + 0.5) * WIDTH / _POINTS
    seen = ~np.isnan(mean)
    if len(times) < _POINTS:
        # Fewer readings than bins: empty bins are no gaps.
        x, mean = x[seen], mean[seen]
    return Curve(name, "currentColor", tuple(_lines(x, _y(mean, top))))


def around(course: AroundEvents) -> list[Curve]:
    """A curve per expression whose mean ever reaches a tenth."""
    span = course.times[-1] - course.times[0]
    x = (course.times - course.times[0]) / span * WIDTH
    curves = []
    for i, name in enumerate(EXPRESSIONS):
        mean, half = course.mean[:, i], course.half_width[:, i]
        if np.nanmax(mean) < 0.1:
            continue
        low, high = _y(np.clip(mean - half, 0, 1), 1.0), _y(np.clip(mean + half, 0, 1), 1.0)
        curves.append(
            Curve(DISPLAY_NAMES[name], EXPRESSION_COLOURS[name], tuple(_lines(x, _y(mean, 1.0))),
                  tuple(_bands(x, low, high)))
        )  # fmt: skip
    return curves


def event_x(course: AroundEvents) -> float:
    """Where second 0 is."""
    return float(-course.times[0] / (course.times[-1] - course.times[0]) * WIDTH)


def _y(values: NDArray[np.float64], top: float) -> NDArray[np.float64]:
    return HEIGHT * (1 - np.clip(values / top, 0, 1))


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(np.int8), [0]))))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _lines(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[Points]:
    return [_line(x[run], y[run]) for run in _runs(~np.isnan(y))]


def _bands(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> list[Points]:
    return [
        _line(np.concatenate((x[run], x[run][::-1])), np.concatenate((low[run], high[run][::-1])))
        for run in _runs(~np.isnan(low))
    ]


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> Points:
    if len(x) == 1:
        x, y = np.array([x[0] - 1, x[0] + 1]), np.array([y[0], y[0]])
    return tuple((float(a), float(b)) for a, b in zip(x, y, strict=True))
