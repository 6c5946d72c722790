"""The paper's ablation (Table I) over noises and seeds: many runs that go on where they stopped.

OUT/state.json                         one entry a cell: done, failed, stopped or pending
OUT/<noise>/seed-<seed>/<row>/         the run of a cell
OUT/table1.md, OUT/index.html          our figures, written anew after every cell
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from ferdesk.errors import FerdeskError
from ferdesk.files import write_json
from trainer.compare.grid import (
    Grid,
    Progress,
    check_same,
    comparable,
    noise_name,
    noise_names,
    with_noise,
)
from trainer.config import TrainConfig
from trainer.files import read_json

_OWN = ("seed", "noise.rate")
"""Parts of the configuration that the cells set."""


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

    @property
    def line(self) -> str:
        """The row of the table."""
        return self.row.key

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
        return replace(with_noise(base, self.noise), network=network, seed=self.seed)


def plan(noises: Sequence[str], seeds: int, first_seed: int) -> tuple[Cell, ...]:
    """Every cell, one seed after the other, so that a whole table is there early."""
    names = noise_names(noises, seeds)
    return tuple(
        Cell(noise, seed, row)
        for seed in range(first_seed, first_seed + seeds)
        for noise in names
        for row in ROWS
    )


class Reproduction(Grid[Cell]):
    """All cells of one OUT folder, their states in one file that one process writes."""

    def read(self) -> dict[Cell, Progress]:
        path = self.out / "state.json"
        values = read_json(path)
        if values is None:
            return {}
        rows = {row.key: row for row in ROWS}
        found = {}
        try:
            old = values["config"]
            for entry in values["cells"]:
                cell = Cell(noise_name(entry["noise"]), int(entry["seed"]), rows[entry["row"]])
                found[cell] = Progress(entry["state"], entry["hours"], entry["error"])
        except (KeyError, TypeError, ValueError, FerdeskError) as error:
            raise FerdeskError(
                f"'{path}' is damaged; delete it, the finished runs beside it are kept."
            ) from error
        check_same(old, comparable(self.base, _OWN), self.out)
        return found

    def write(self, _cells: Iterable[Cell]) -> None:
        cells = [
            {"noise": cell.noise, "seed": cell.seed, "row": cell.row.key, **asdict(progress)}
            for cell, progress in self.progress.items()
        ]
        config = comparable(self.base, _OWN)
        write_json(self.out / "state.json", {"config": config, "cells": cells})
