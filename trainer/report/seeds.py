"""Runs that differ by their seed alone, and tests between two such groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from trainer.measure.bootstrap import seeds_and_pictures
from trainer.measure.epochs import Epoch, read_epochs
from trainer.measure.metrics import mcnemar
from trainer.measure.summary import RunSummary, Spread
from trainer.report.record import MEASURED, read_measured
from trainer.report.tables import ABSENT, between, points

Runs = Mapping[int, RunSummary]
"""The finished runs of one line of a table, by seed."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """One line of a table over its finished seeds."""

    label: str
    runs: Mapping[int, RunSummary]
    """By seed; at least one, each with `measured`."""

    def over(self, what: str, name: str = "final") -> Spread:
        """Over the seeds, of the last epochs' mean of one distribution."""
        return Spread.of([getattr(r.measured[name], what).mean for r in self.runs.values()])

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the mean over the seeds, with other seeds and other pictures.

        Its width is that of the last answers; None where these are missing or of other pictures.
        """
        runs = list(self.runs.values())
        right = _right(runs)
        if right is None:
            return None
        low, high = seeds_and_pictures(right)
        shift = self.over("accuracy").mean - float(right.mean())
        return max(0.0, low + shift), min(1.0, high + shift)

    @property
    def last_epoch(self) -> Spread:
        """Accuracies after the last epoch."""
        found = [r.last_epoch_accuracy for r in self.runs.values()]
        return Spread.of([value for value in found if value is not None])

    @property
    def best_epoch(self) -> Spread:
        """Accuracies chosen on the pictures they are measured on."""
        found = [r.best_epoch_accuracy for r in self.runs.values()]
        return Spread.of([value for value in found if value is not None])

    def purification(self, name: str, what: str) -> float | None:
        """One figure of a distribution on the training pictures; the mean of the seeds with it."""
        found = [r.purification[name] for r in self.runs.values() if name in r.purification]
        known = [value for own in found if (value := getattr(own, what)) is not None]
        return fmean(known) if known else None

    def by_epoch(self, value: Callable[[Epoch], float | None]) -> list[float | None]:
        """Mean over the seeds of one figure, epoch by epoch; None where a seed has none."""
        logs = [read_epochs(run.folder) for run in self.runs.values()]
        out: list[float | None] = []
        for epochs in zip(*logs, strict=False):
            values = [value(epoch) for epoch in epochs]
            known = [v for v in values if v is not None]
            out.append(fmean(known) if len(known) == len(values) else None)
        return out


GAIN = ("points", "last answers, 95 % interval", "McNemar's p")
"""Heads of what `gain` gives."""


def gain(base: Runs | None, line: Runs) -> tuple[str, str, str]:
    """Over the seeds that both have: difference in points, its paired interval, one p per seed.

    The first is of the last epochs' mean; the others are of the last answers, and absent where
    these are missing, damaged or about other pictures.
    """
    shared = [] if base is None else sorted(set(base) & set(line))
    if base is None or line is base or not shared:
        return ABSENT, ABSENT, ABSENT
    found = Spread.of(
        [
            line[s].measured["final"].accuracy.mean - base[s].measured["final"].accuracy.mean
            for s in shared
        ]
    )
    answers = _paired([base[s] for s in shared], [line[s] for s in shared])
    if answers is None:
        return points(found.mean, found.std), ABSENT, ABSENT
    chances = ", ".join(_chance(mcnemar(a, b)) for a, b in zip(*answers, strict=True))
    gains = answers[1].astype(np.float64) - answers[0]
    return points(found.mean, found.std), between(seeds_and_pictures(gains)), chances


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _paired(
    one: Sequence[RunSummary], other: Sequence[RunSummary]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """(seeds, pictures) whether the last answers are right; None where they cannot be paired."""
    right = _right([*one, *other])
    return None if right is None else (right[: len(one)], right[len(one) :])


def _right(runs: Sequence[RunSummary]) -> NDArray[np.bool_] | None:
    """(runs, pictures) whether the last answers are right; None where they cannot be compared."""
    found = []
    for run in runs:
        path = run.folder / MEASURED
        found.append(_answers(run.folder, path.stat().st_mtime_ns if path.is_file() else 0))
    known = [answers for answers in found if answers is not None]
    if len(known) < len(found):
        return None
    if not all(np.array_equal(known[0][0], names) for names, _ in known):
        return None
    return np.stack([right for _, right in known])


@lru_cache(maxsize=1024)
def _answers(run: Path, changed: int) -> tuple[NDArray[np.str_], NDArray[np.bool_]] | None:
    """Names of the measured pictures, and whether the last answers are right.

    Kept for as long as the file has not changed: a page is written again after every cell.
    """
    try:
        found = read_measured(run) if changed else None
    except FerdeskError:
        return None
    if found is None:
        return None
    return found.names, found.distributions["final"].argmax(axis=1) == found.labels
