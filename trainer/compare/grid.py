"""Many runs in one folder: which are done, going on where they stopped, and which have failed.

OUT/grid.json                              the settings that all cells share
OUT/state/<noise>_seed-<s>_<method>.json   one cell each: done, failed, stopped or pending, hours
OUT/<noise>/seed-<seed>/<method>/          the run of a cell
OUT/tuning/, OUT/tuning.json               tries of constants, where they are tuned
OUT/benchmark.md, OUT/index.html           our figures, written again after every cell

Every cell has a file of its own, so processes that each train a share of the cells (`--shard`)
write different files, and every one of them shows what all have done.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, write_json
from ferdesk.interrupt import Interrupt
from trainer.compare.methods import Cell, noise_name
from trainer.compare.side_by_side import SideBySide
from trainer.config import TrainConfig
from trainer.files import read_config, read_json
from trainer.measure import cost
from trainer.measure.summary import RunSummary, summarise
from trainer.methods import METHODS, VARIANTS
from trainer.methods.spaces import Constants
from trainer.same_run import check_same, settings

log = logging.getLogger(__name__)

State = Literal["pending", "done", "failed", "stopped"]
Train = Callable[[TrainConfig, Path], None]

REPORT = "report/index.html"
"""The last file that training itself leaves in a run's folder."""
_OWN = ("seed", "noise.rate", "method")
"""Settings that differ from cell to cell."""


@dataclass(frozen=True, slots=True)
class CellProgress:
    """What became of a cell."""

    state: State = "pending"
    hours: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Shard:
    """Every `of`-th cell, from the `number`-th on; both count from 1."""

    number: int = 1
    of: int = 1

    @staticmethod
    def parse(text: str) -> Shard:
        """Of "2/4". FerdeskError for anything else."""
        number, _, of = text.partition("/")
        if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
            return Shard(int(number), int(of))
        raise FerdeskError(f"'{text}' is no shard; write 1/4 to 4/4 for the parts of four.")

    def share(self, cells: Sequence[Cell]) -> tuple[Cell, ...]:
        """The cells of this shard."""
        return tuple(cells[self.number - 1 :: self.of])


def trained(run: Path) -> bool:
    """Whether the weights of a run are there: `ours` leaves the first file, others the second."""
    return any((run / name).is_file() for name in ("model.safetensors", "weights.pt"))


class Grid:
    """All cells of one OUT folder, of which this process trains its shard."""

    def __init__(
        self,
        base: TrainConfig,
        cells: Sequence[Cell],
        out: Path,
        shard: Shard = Shard(),
        constants: Callable[[Cell], Constants] = lambda _: {},
    ) -> None:
        """Read what earlier calls left; cells they had beside `cells` stay in the tables.

        `constants` gives the tuned ones of a cell.

        Raises FerdeskError when the folder was made with another configuration or by a version
        with another layout, or is damaged.
        """
        self.base, self.out, self.shard = base, out, shard
        self._constants = constants
        self.everything, self.wanted = tuple(cells), shard.share(cells)
        self.writes = True
        self.progress: dict[Cell, CellProgress] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read all states again; what the folders of the runs say counts more."""
        own = {cell: self.progress.get(cell, CellProgress()) for cell in self.wanted}
        # Other processes know of their cells, this one knows best of its own.
        known = own if self.progress else {}
        self.progress = {**self._read(), **known}
        for cell, progress in self.progress.items():
            if self.finished(cell):
                self.progress[cell] = CellProgress("done", summarise(self.folder(cell)).hours)
            elif progress.state == "done":
                self.progress[cell] = CellProgress()

    def _read(self) -> dict[Cell, CellProgress]:
        """The states as they are kept; every planned cell has one."""
        if "cells" in (read_json(self.out / "state.json") or {}):
            raise FerdeskError(
                f"'{self.out}' was begun by an older version with other names for the rows of "
                "Table I; give another --out, or, to keep its runs, delete its state.json and "
                "rename the folders baseline, dwmca, dwmca-apcl and apcl of every seed to "
                "ours_baseline, ours_dwmca, ours and ours_apcl."
            )
        shared = read_json(self.out / "grid.json")
        if shared is not None:
            check_same(shared, asdict(self.base), self.out, "--out", _OWN)
        found = {cell: CellProgress() for cell in self.everything}
        for path in sorted((self.out / "state").glob("*.json")):
            entry = read_json(path)
            try:
                if entry is None:
                    continue
                if entry["method"] not in (*METHODS, *VARIANTS):
                    log.warning("'%s' is of another version and is not shown", path)
                    continue
                cell = Cell(
                    noise_name(entry["noise"]), int(entry["seed"]), entry["method"],
                    int(entry.get("attempt", 0)),
                )  # fmt: skip
                found[cell] = CellProgress(entry["state"], entry["hours"], entry["error"])
            except (KeyError, TypeError, ValueError, FerdeskError) as error:
                raise FerdeskError(
                    f"'{path}' is damaged; delete it, the finished runs are kept."
                ) from error
        return found

    def config(self, cell: Cell) -> TrainConfig:
        """The configuration of a cell."""
        return cell.config(self.base, self._constants(cell))

    def folder(self, cell: Cell) -> Path:
        """The run of a cell."""
        return self.out / cell.folder

    def finished(self, cell: Cell) -> bool:
        """Whether the cell has its weights, its report and its costs.

        FerdeskError when the weights are those of another run than planned.
        """
        run = self.folder(cell)
        if not trained(run):
            return False
        check_same(read_config(run), asdict(self.config(cell)), run, "--out")
        return (run / REPORT).is_file() and (run / cost.FILE).is_file()

    def run(
        self, train: Train | SideBySide, after_each: Callable[[], object], *, writes: bool = True
    ) -> None:
        """Make what is missing; `after_each` is called at the start and after every cell.

        With `writes` false the states are left to another process of the same run.

        A cell that fails is noted and the others go on; cells that failed earlier are tried again.
        Raises FerdeskError at the end when cells have failed, and KeyboardInterrupt after Ctrl-C,
        once the state of every cell that was running is kept.
        """
        self.writes = writes
        self._keep(self.wanted)
        after_each()
        todo = [cell for cell in self.wanted if self.progress[cell].state != "done"]
        total = len(self.wanted)
        if len(todo) < total:
            log.info("%d of %d cells are done already", total - len(todo), total)
        stopped = False
        for cell, progress in self._ended(train, todo):
            self.progress[cell] = progress
            self._keep([cell])
            if progress.state == "stopped":
                stopped = True
            else:
                after_each()
        if stopped:
            raise KeyboardInterrupt
        failed = [cell for cell in self.wanted if self.progress[cell].state == "failed"]
        if failed:
            raise FerdeskError(
                f"{len(failed)} of {total} cells failed, the first ({failed[0].folder}) because: "
                f"{self.progress[failed[0]].error} The same command tries them again."
            )

    def _ended(
        self, train: Train | SideBySide, todo: Sequence[Cell]
    ) -> Iterator[tuple[Cell, CellProgress]]:
        """The cells as they end, stopped ones too."""
        if isinstance(train, SideBySide):
            return self._at_once(train, todo)
        return self._in_turn(train, todo)

    def _in_turn(self, train: Train, todo: Sequence[Cell]) -> Iterator[tuple[Cell, CellProgress]]:
        for position, cell in enumerate(todo):
            self._announce(cell, todo[position:])
            progress = self._outcome(train, cell)
            yield cell, progress
            if progress.state == "stopped":
                return

    def _at_once(
        self, train: SideBySide, todo: Sequence[Cell]
    ) -> Iterator[tuple[Cell, CellProgress]]:
        left, running = deque(todo), dict[Future[CellProgress], Cell]()
        with Interrupt() as interrupt, ThreadPoolExecutor(train.number) as threads:
            while running or (left and not interrupt.asked):
                while left and len(running) < train.number and not interrupt.asked:
                    self._announce(left[0], left, train.number)
                    cell = left.popleft()
                    running[threads.submit(self._outcome, train, cell)] = cell
                finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                if interrupt.asked:
                    train.stop()
                for future in finished:
                    yield running.pop(future), future.result()

    def _announce(self, cell: Cell, todo: Collection[Cell], jobs: int = 1) -> None:
        left = time_left(self.progress, todo, jobs)
        number = len(self.wanted) - len(todo) + 1
        log.info("cell %d of %d: %s%s", number, len(self.wanted), cell.folder, left)

    def _outcome(self, train: Train, cell: Cell) -> CellProgress:
        try:
            train(self.config(cell), self.folder(cell))
            return CellProgress("done", summarise(self.folder(cell)).hours)
        except KeyboardInterrupt:
            return CellProgress("stopped")
        except FerdeskError as error:
            log.warning("cell %s failed: %s", cell.folder, error)
            return CellProgress("failed", error=str(error))
        except (RuntimeError, OSError, MemoryError) as error:
            log.exception("cell %s failed", cell.folder)
            return CellProgress("failed", error=f"{type(error).__name__}: {error}")

    def results(self) -> dict[Cell, RunSummary]:
        """Summaries of the cells that are done."""
        return {
            cell: summarise(self.folder(cell))
            for cell, progress in self.progress.items()
            if progress.state == "done"
        }

    def _keep(self, cells: Iterable[Cell]) -> None:
        if not self.writes:
            return
        make_folder(self.out / "state")
        if not (self.out / "grid.json").is_file():
            shared = settings(asdict(self.base))
            shared = {name: value for name, value in shared.items() if name not in _OWN}
            write_json(self.out / "grid.json", shared)
        for cell in cells:
            entry = {**asdict(cell), **asdict(self.progress[cell])}
            write_json(self.out / "state" / f"{cell.folder.replace('/', '_')}.json", entry)


def time_left(progress: Mapping[Cell, CellProgress], todo: Iterable[Cell], jobs: int = 1) -> str:
    """For the log: each cell takes the mean of its method, or of all cells where that is unknown.

    `jobs` of them are trained at a time.
    """
    known: dict[str, list[float]] = {}
    for cell, p in progress.items():
        if p.hours is not None:
            known.setdefault(cell.method, []).append(p.hours)
    if not known:
        return ""
    overall = fmean(hours for own in known.values() for hours in own)
    hours = sum(fmean(known.get(cell.method, [overall])) for cell in todo) / jobs
    return f", about {hours:.1f} hours left" if hours >= 2 else f", about {60 * hours:.0f} min left"
