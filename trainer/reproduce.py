"""The paper's ablation (Table I) over noises and seeds: many runs that go on where they stopped.

OUT/state.json                         one entry a cell: done, failed, stopped or pending
OUT/<noise>/seed-<seed>/<row>/         the run of a cell
OUT/table1.md, OUT/index.html          our figures, written anew after every cell
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig
from trainer.summary import RunSummary, read_config, read_json, summarise
from trainer.writing import write_json

log = logging.getLogger(__name__)

State = Literal["pending", "done", "failed", "stopped"]
Train = Callable[[TrainConfig, Path], None]

_FREE = ("name", "notes", "threads", "tensorboard", "compile")
"""Parts of a configuration that two runs with the same result may differ in."""
_OWN = ("seed", "noise.rate")
"""Parts that the cells set."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    key: str
    label: str
    dwmca: bool
    apcl: bool


ROWS = (
    Row("baseline", "baseline", dwmca=False, apcl=False),
    Row("dwmca", "+DWMCA", dwmca=True, apcl=False),
    Row("dwmca-apcl", "+DWMCA+APCL", dwmca=True, apcl=True),
    Row("apcl", "+APCL, no DWMCA", dwmca=False, apcl=True),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of the table."""

    noise: str
    """"natural", or the share of wrong labels as text: "0", "0.3"."""
    seed: int
    row: Row

    @property
    def folder(self) -> str:
        """Below OUT."""
        return f"{self.noise}/seed-{self.seed}/{self.row.key}"

    def config(self, base: TrainConfig) -> TrainConfig:
        """The run's configuration."""
        network = base.network
        if not self.row.dwmca:
            network = replace(network, cross_attention=False)
        elif network.cross_attention is False:
            network = replace(network, cross_attention=True)
        if not self.row.apcl:
            network = replace(network, corrections="none")
        elif network.corrections == "none":
            network = replace(network, corrections="both")
        noise = base.noise
        if self.noise == "natural":
            noise = replace(noise, kind="natural", rate=0.0)
        elif float(self.noise) == 0:
            noise = replace(noise, kind="none", rate=0.0)
        else:
            kind = "symmetric" if noise.kind in ("none", "natural", "file") else noise.kind
            noise = replace(noise, kind=kind, rate=float(self.noise))
        # Noise implies one label a picture; so cells without it differ by noise alone.
        hard = base.hard_labels or noise.kind == "none"
        return replace(base, network=network, noise=noise, seed=self.seed, hard_labels=hard)


@dataclass(slots=True)
class Progress:
    """What became of a cell."""

    state: State = "pending"
    hours: float | None = None
    error: str = ""


def noise_name(text: str) -> str:
    """The folder's name for one value of --noise. FerdeskError for a value that is none."""
    if text == "natural":
        return text
    try:
        rate = float(text)
    except ValueError as error:
        raise FerdeskError(
            f"'{text}' is no noise; give shares of wrong labels, 0 for none, or 'natural'."
        ) from error
    if not 0 <= rate < 1:
        raise FerdeskError(f"Noise of {text} is outside [0, 1); 0.3 means 30 % wrong labels.")
    return f"{rate:g}"


def plan(noises: Sequence[str], seeds: int, first_seed: int) -> tuple[Cell, ...]:
    """Every cell, one seed after the other, so that a whole table is there early."""
    if seeds < 1:
        raise FerdeskError(f"{seeds} seeds make no table; give --seeds 1 or more.")
    names = list(dict.fromkeys(noise_name(text) for text in noises))
    return tuple(
        Cell(noise, seed, row)
        for seed in range(first_seed, first_seed + seeds)
        for noise in names
        for row in ROWS
    )


class Reproduction:
    """All cells of one OUT folder."""

    def __init__(self, base: TrainConfig, cells: Sequence[Cell], out: Path) -> None:
        """Read what an earlier call left; cells it had beside `cells` stay in the table.

        Raises FerdeskError when OUT was made with another configuration, or is damaged.
        """
        self.base, self.out, self.wanted = base, out, tuple(cells)
        self.writes = True
        self.progress: dict[Cell, Progress] = {}
        self._read()
        for cell in cells:
            self.progress.setdefault(cell, Progress())
        for cell, progress in self.progress.items():
            if self.finished(cell):
                hours = summarise(self.folder(cell)).hours
                self.progress[cell] = Progress("done", hours)
            elif progress.state == "done":
                self.progress[cell] = Progress()

    def folder(self, cell: Cell) -> Path:
        """The run of a cell."""
        return self.out / cell.folder

    def finished(self, cell: Cell) -> bool:
        """Whether the cell's run is done. FerdeskError when that run is another than planned."""
        run = self.folder(cell)
        if not (run / "model.safetensors").is_file():
            return False
        different = differences(read_config(run), asdict(cell.config(self.base)))
        if different:
            raise FerdeskError(
                f"'{run}' holds a run with another configuration ({', '.join(different[:3])}); "
                "give another --out."
            )
        return True

    def run(self, train: Train, after_each: Callable[[], object], *, writes: bool = True) -> None:
        """Train what is missing; `after_each` is called at the start and after every cell.

        With `writes` false state.json is left to another process of the same run.

        A cell that fails is noted and the others go on; cells that failed earlier are tried again.
        Raises FerdeskError at the end when cells have failed, and lets KeyboardInterrupt through.
        """
        self.writes = writes
        self.write()
        after_each()
        todo = [cell for cell in self.wanted if self.progress[cell].state != "done"]
        total = len(self.wanted)
        if len(todo) < total:
            log.info("%d of %d cells are done already", total - len(todo), total)
        for position, cell in enumerate(todo):
            number = total - len(todo) + position + 1
            log.info("cell %d of %d: %s%s", number, total, cell.folder, self._time_left())
            try:
                train(cell.config(self.base), self.folder(cell))
                self.progress[cell] = Progress("done", summarise(self.folder(cell)).hours)
            except KeyboardInterrupt:
                self.progress[cell] = Progress("stopped")
                self.write()
                raise
            except FerdeskError as error:
                log.warning("cell %s failed: %s", cell.folder, error)
                self.progress[cell] = Progress("failed", error=str(error))
            except (RuntimeError, OSError, MemoryError) as error:
                log.exception("cell %s failed", cell.folder)
                self.progress[cell] = Progress("failed", error=f"{type(error).__name__}: {error}")
            self.write()
            after_each()
        failed = [cell for cell in self.wanted if self.progress[cell].state == "failed"]
        if failed:
            raise FerdeskError(
                f"{len(failed)} of {total} cells failed, the first ({failed[0].folder}) because: "
                f"{self.progress[failed[0]].error} The same command tries them again."
            )

    def results(self) -> dict[Cell, RunSummary]:
        """Summaries of the cells that are done."""
        return {
            cell: summarise(self.folder(cell))
            for cell, progress in self.progress.items()
            if progress.state == "done"
        }

    def _time_left(self) -> str:
        """For the log: from the mean of the cells that are done."""
        known = [p.hours for p in self.progress.values() if p.hours is not None]
        if not known:
            return ""
        left = sum(self.progress[cell].state != "done" for cell in self.wanted)
        hours = fmean(known) * left
        return (
            f", about {hours:.1f} hours left"
            if hours >= 2
            else f", about {60 * hours:.0f} min left"
        )

    # --- state.json -----------------------------------------------------------------------------

    def _read(self) -> None:
        path = self.out / "state.json"
        values = read_json(path)
        if values is None:
            return
        rows = {row.key: row for row in ROWS}
        try:
            old = values["config"]
            for entry in values["cells"]:
                cell = Cell(noise_name(entry["noise"]), int(entry["seed"]), rows[entry["row"]])
                self.progress[cell] = Progress(entry["state"], entry["hours"], entry["error"])
        except (KeyError, TypeError, ValueError, FerdeskError) as error:
            raise FerdeskError(
                f"'{path}' is damaged; delete it, the finished runs beside it are kept."
            ) from error
        different = differences(old, _comparable(self.base))
        if different:
            raise FerdeskError(
                f"'{self.out}' was made with another configuration ({', '.join(different[:3])}); "
                "give another --out."
            )

    def write(self) -> None:
        """Write state.json. FerdeskError where it cannot be written."""
        if not self.writes:
            return
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FerdeskError(
                f"The folder '{self.out}' cannot be made: {error.strerror or error}."
            ) from error
        cells = [
            {"noise": cell.noise, "seed": cell.seed, "row": cell.row.key, **asdict(progress)}
            for cell, progress in self.progress.items()
        ]
        write_json(self.out / "state.json", {"config": _comparable(self.base), "cells": cells})


def _comparable(config: TrainConfig) -> dict[str, Any]:
    values = asdict(config)
    for key in _OWN:
        group, _, name = key.rpartition(".")
        (values[group] if group else values).pop(name)
    return values


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Names of the settings in which two configurations differ, as options are called.

    Settings that only one of them has do not count: a newer version may have more.
    """
    out = []
    for key, value in new.items():
        name = f"{prefix}{key}"
        if key not in old or name in _FREE:
            continue
        if isinstance(value, Mapping) and isinstance(old[key], Mapping):
            out += differences(old[key], value, f"{name}.")
        elif json.loads(json.dumps(value)) != json.loads(json.dumps(old[key])):
            out.append(name)
    return out
