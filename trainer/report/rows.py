"""One row of the ablation over its seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from trainer.compare.reproduce import Row
from trainer.measure.metrics import wilson
from trainer.measure.summary import RunSummary, Spread


@dataclass(frozen=True, slots=True)
class RowFigures:
    """One row at one noise over its finished seeds."""

    row: Row
    runs: Mapping[int, RunSummary]
    """By seed; at least one, each with `measured`."""

    def over(self, name: str, what: str) -> Spread:
        """Over the seeds, of the last epochs' mean."""
        return Spread.of([getattr(r.measured[name], what).mean for r in self.runs.values()])

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, of the mean over the seeds."""
        n = next(iter(self.runs.values())).measured["final"].n
        return wilson(round(self.over("final", "accuracy").mean * n), n)

    def purification(self, name: str, what: str) -> float | None:
        """Mean over the seeds that have it."""
        found = [
            getattr(r.purification[name], what)
            for r in self.runs.values()
            if name in r.purification
        ]
        known = [value for value in found if value is not None]
        return fmean(known) if known else None
