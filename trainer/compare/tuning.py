"""The same number of tries for every line of a comparison, judged without a clean label.

OUT/tuning/          the tries as a grid of their own: OUT/tuning/<noise>/try-<k>/<line>
OUT/tuning.json      every try with its constants and its accuracy, and what was chosen

A try is judged by the held-out part of the training pictures with its labels as given, noise
included. No clean label is looked at, and no picture of the measured part.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ferdesk.errors import FerdeskError
from ferdesk.files import write_json
from trainer.compare.grid import Grid, Shard, Train
from trainer.compare.methods import Cell
from trainer.compare.side_by_side import SideBySide
from trainer.config import TrainConfig
from trainer.files import read_json
from trainer.measure.summary import summarise
from trainer.methods import VARIANTS
from trainer.methods.spaces import Constants, tried

log = logging.getLogger(__name__)

FILE = "tuning.json"
_FOLDER = "tuning"
_HELD_OUT = 0.1
"""Least share of the training part that judges."""
_SEED = 1000
"""Beyond the seeds of the grid, so that other pictures are held out and drawn."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What every try may use."""

    tries: int
    noise: str
    """As in `Cell`."""
    pictures: int
    epochs: int

    def base(self, base: TrainConfig) -> TrainConfig:
        """What all tries start from: small, and without measured pictures."""
        return replace(
            base,
            pictures=min(self.pictures, base.pictures) if base.pictures else self.pictures,
            epochs=min(self.epochs, base.epochs),
            holdout=max(_HELD_OUT, base.holdout),
            measure_on="none",
            seed=(base.seed + _SEED) % 2**32,
        )


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a line and what came of it."""

    attempt: int
    """From 1; the first is the configuration as it is."""
    constants: Constants
    accuracy: float | None
    """On held-out pictures with their labels as given; None where it failed."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Tuned:
    """All tries of one line."""

    tries: tuple[Try, ...]

    @property
    def chosen(self) -> Try:
        """The most accurate, the first of several."""
        return max(self.tries, key=lambda t: -1.0 if t.accuracy is None else t.accuracy)


@dataclass(frozen=True, slots=True)
class Tuning:
    """The tries of every line that was tuned."""

    budget: Budget
    lines: Mapping[str, Tuned]

    def constants(self, line: str) -> Constants:
        """What was chosen for a method or variant; nothing for those that are not tuned."""
        return self.lines[line].chosen.constants if line in self.lines else {}


def read_tuning(out: Path) -> Tuning | None:
    """What an earlier call chose in this folder; None without. FerdeskError for a damaged file."""
    values = read_json(out / FILE)
    if values is None:
        return None
    try:
        lines = {
            name: Tuned(tuple(Try(**entry) for entry in line["tries"]))
            for name, line in values["lines"].items()
        }
        return Tuning(Budget(**values["budget"]), lines)
    except (KeyError, TypeError, AttributeError) as error:
        raise FerdeskError(
            f"'{out / FILE}' is damaged; delete it, the tries themselves are kept."
        ) from error


def check_tuning(out: Path, budget: Budget | None) -> None:
    """FerdeskError where OUT was begun with other tuning than asked for."""
    earlier = read_tuning(out)
    if budget is None:
        if earlier is not None or (out / _FOLDER).is_dir():
            tries = f" {earlier.budget.tries}" if earlier else ""
            raise FerdeskError(
                f"'{out}' was tuned; give --tune{tries} as before, or another --out."
            )
        return
    if budget.tries < 1 or budget.pictures < 1 or budget.epochs < 1:
        raise FerdeskError("--tune, --tune-pictures and --tune-epochs must be at least 1.")
    if earlier is not None and earlier.budget != budget:
        raise FerdeskError(
            f"'{out}' was tuned with {_described(earlier.budget)}, not {_described(budget)}; "
            "give the same, or another --out."
        )
    if earlier is None and (out / "grid.json").is_file():
        raise FerdeskError(f"'{out}' has runs that were not tuned; give another --out.")


def _described(budget: Budget) -> str:
    return (
        f"{budget.tries} tries of {budget.pictures} pictures and {budget.epochs} epochs at noise "
        f"{budget.noise}"
    )


def tune(
    base: TrainConfig,
    lines: Sequence[str],
    budget: Budget,
    out: Path,
    shard: Shard,
    train: Train | SideBySide,
) -> Tuning:
    """Make the tries that are missing, then choose; a line that was chosen for stays so.

    A try that fails, as one with too high a rate does, is a try that loses. Raises FerdeskError
    where no try of a line ended well, and where other shards still have tries to make;
    KeyboardInterrupt after Ctrl-C.
    """
    earlier = read_tuning(out)
    done = dict(earlier.lines) if earlier else {}
    wanted = untuned(lines, earlier)
    if not wanted:
        return Tuning(budget, done)
    own = budget.base(base)
    cells = [
        Cell(budget.noise, own.seed, line, attempt)
        for attempt in range(1, budget.tries + 1)
        for line in wanted
    ]
    grid = Grid(own, cells, out / _FOLDER, shard, tried_in)
    log.info("tuning: %s for each of %d lines", _described(budget), len(wanted))
    failure: FerdeskError | None = None
    try:
        grid.run(train, lambda: None)
    except FerdeskError as error:
        failure = error
    grid.refresh()
    left = [cell for cell in cells if grid.progress[cell].state not in ("done", "failed")]
    if left:
        raise failure or FerdeskError(
            f"{len(left)} of {len(cells)} tries belong to other shards and are not done; start the "
            "same command again when they are."
        )
    for line in wanted:
        found = Tuned(tuple(_judged(grid, cell) for cell in cells if cell.method == line))
        if found.chosen.accuracy is None:
            raise FerdeskError(f"No try of '{line}' ended well: {found.chosen.error}")
        done[line] = found
    tuning = Tuning(budget, done)
    write_json(out / FILE, _as_json(tuning))
    return tuning


def untuned(lines: Sequence[str], tuning: Tuning | None) -> list[str]:
    """The lines that are to be tuned and are not yet."""
    known = tuning.lines if tuning else {}
    return [x for x in lines if x not in known and (x not in VARIANTS or VARIANTS[x].tuned)]


def tried_in(cell: Cell) -> Constants:
    """The constants of a cell that is a try."""
    method = VARIANTS[cell.method].method if cell.method in VARIANTS else cell.method
    return tried(method, cell.attempt)


def _judged(grid: Grid, cell: Cell) -> Try:
    progress = grid.progress[cell]
    if progress.state == "failed":
        return Try(cell.attempt, tried_in(cell), None, progress.error)
    found = summarise(grid.folder(cell)).held_out["final"]
    return Try(cell.attempt, tried_in(cell), found.accuracy.mean)


def _as_json(tuning: Tuning) -> dict[str, Any]:
    lines = {
        name: {
            "chosen": line.chosen.attempt,
            "constants": dict(line.chosen.constants),
            "tries": [asdict(t) for t in line.tries],
        }
        for name, line in tuning.lines.items()
    }
    return {"budget": asdict(tuning.budget), "lines": lines}
