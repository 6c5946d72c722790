"""A grid whose runs are made up: training takes no time, and fails or stops where it is told to."""

from __future__ import annotations

from pathlib import Path

from tests.unit.trainer.fake_run import write_cell
from trainer.compare.grid import Grid, Shard
from trainer.compare.methods import plan
from trainer.config import TrainConfig
from trainer.methods import METHODS
from trainer.report.comparison import write_comparison

BASE = TrainConfig(data="ferplus:x", epochs=3, measure_on="valid")
THREE = ("ours", "cross_entropy", "scn")


class Trainer:
    """Stands in for training: a run that ends as that of its method does, or fails or stops."""

    def __init__(self, fail: str = "", stop: str = "", error: Exception | None = None) -> None:
        self.fail, self.stop = fail, stop
        self.error = error or RuntimeError("no memory")
        self.trained: list[str] = []
        self.configs: list[TrainConfig] = []

    def __call__(self, config: TrainConfig, run: Path) -> None:
        cell = "/".join(run.parts[-3:])
        if self.stop and self.stop in cell:
            raise KeyboardInterrupt
        if self.fail and self.fail in cell:
            raise self.error
        self.trained.append(cell)
        self.configs.append(config)
        # Methods that are better at it stand out, and differ from one another.
        write_cell(run, config, skill=1.2 + 0.5 * METHODS.index(config.method))


def nothing() -> None:
    """Drawing takes longer than all the rest."""


def grid(
    out: Path,
    *noises: str,
    methods: tuple[str, ...] = THREE,
    seeds: int = 1,
    shard: str = "1/1",
    base: TrainConfig = BASE,
) -> Grid:
    cells = plan(noises or ("0.3",), methods, seeds, base.seed)
    return Grid(base, cells, out, Shard.parse(shard))


def page(g: Grid) -> str:
    """Write the page once and return benchmark.md."""
    write_comparison(g)
    return (g.out / "benchmark.md").read_text()
