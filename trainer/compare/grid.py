"""Many runs in one folder: which are done, going on where they stopped, and which have failed.

A grid knows nothing of what its cells compare; `reproduce` and `methods` beside it do.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Generic, Literal, Protocol, TypeVar

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder
from trainer.compare.side_by_side import SideBySide
from trainer.config import TrainConfig
from trainer.files import read_config
from trainer.measure.summary import RunSummary, summarise
from trainer.training.interrupt import Interrupt

log = logging.getLogger(__name__)

State = Literal["pending", "done", "failed", "stopped"]
Train = Callable[[TrainConfig, Path], None]

WEIGHTS = ("model.safetensors", "weights.pt")
"""The last file of a run: the method `ours` leaves the first, the others the second."""
_FREE = ("name", "notes", "threads", "tensorboard", "compile")
"""Parts of a configuration that two runs with the same result may differ in."""


class GridCell(Protocol):
    """One run of a grid."""

    @property
    def folder(self) -> str:
        """Below the grid's folder."""

    @property
    def line(self) -> str:
        """What it is a run of; cells of one line take about the same time."""

    def config(self, base: TrainConfig) -> TrainConfig:
        """The run's configuration."""


CellT = TypeVar("CellT", bound=GridCell)


@dataclass(slots=True)
class Progress:
    """What became of a cell."""

    state: State = "pending"
    hours: float | None = None
    error: str = ""


class Grid(Generic[CellT]):
    """All cells of one folder. Where their states are kept is left to `read` and `write`."""

    def __init__(self, base: TrainConfig, cells: Sequence[CellT], out: Path) -> None:
        """Read what an earlier call left; cells it had beside `cells` stay in the tables.

        Raises FerdeskError when the folder was made with another configuration, or is damaged.
        """
        self.base, self.out, self.wanted = base, out, tuple(cells)
        self.writes = True
        self.progress: dict[CellT, Progress] = {}
        self.refresh()

    def read(self) -> dict[CellT, Progress]:
        """The states that are kept."""
        raise NotImplementedError

    def write(self, cells: Iterable[CellT]) -> None:
        """Keep the states of at least these cells. FerdeskError where that is impossible."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Read all states anew, and believe the folders of the runs before them."""
        own = {cell: self.progress.get(cell, Progress()) for cell in self.wanted}
        # Other processes know of their cells, this one knows best of its own.
        known = own if self.progress else {}
        self.progress = {**self.read(), **known}
        for cell in self.wanted:
            self.progress.setdefault(cell, Progress())
        for cell, progress in self.progress.items():
            if self.finished(cell):
                self.progress[cell] = Progress("done", summarise(self.folder(cell)).hours)
            elif progress.state == "done":
                self.progress[cell] = Progress()

    def folder(self, cell: CellT) -> Path:
        """The run of a cell."""
        return self.out / cell.folder

    def finished(self, cell: CellT) -> bool:
        """Whether the cell's run is done. FerdeskError when that run is another than planned."""
        run = self.folder(cell)
        if not any((run / name).is_file() for name in WEIGHTS):
            return False
        different = differences(read_config(run), asdict(cell.config(self.base)))
        if different:
            raise FerdeskError(
                f"'{run}' holds a run with another configuration ({', '.join(different[:3])}); "
                "give another --out."
            )
        return True

    def run(
        self, train: Train | SideBySide, after_each: Callable[[], object], *, writes: bool = True
    ) -> None:
        """Train what is missing; `after_each` is called at the start and after every cell.

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
        self, train: Train | SideBySide, todo: Sequence[CellT]
    ) -> Iterator[tuple[CellT, Progress]]:
        """The cells as they end, stopped ones too."""
        if isinstance(train, SideBySide):
            return self._abreast(train, todo)
        return self._in_turn(train, todo)

    def _in_turn(self, train: Train, todo: Sequence[CellT]) -> Iterator[tuple[CellT, Progress]]:
        for position, cell in enumerate(todo):
            self._announce(cell, todo[position:])
            progress = self._outcome(train, cell)
            yield cell, progress
            if progress.state == "stopped":
                return

    def _abreast(
        self, train: SideBySide, todo: Sequence[CellT]
    ) -> Iterator[tuple[CellT, Progress]]:
        left, running = deque(todo), dict[Future[Progress], CellT]()
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

    def _announce(self, cell: CellT, todo: Collection[CellT], abreast: int = 1) -> None:
        left = time_left(self.progress, todo, abreast)
        number = len(self.wanted) - len(todo) + 1
        log.info("cell %d of %d: %s%s", number, len(self.wanted), cell.folder, left)

    def _outcome(self, train: Train, cell: CellT) -> Progress:
        try:
            train(cell.config(self.base), self.folder(cell))
            return Progress("done", summarise(self.folder(cell)).hours)
        except KeyboardInterrupt:
            return Progress("stopped")
        except FerdeskError as error:
            log.warning("cell %s failed: %s", cell.folder, error)
            return Progress("failed", error=str(error))
        except (RuntimeError, OSError, MemoryError) as error:
            log.exception("cell %s failed", cell.folder)
            return Progress("failed", error=f"{type(error).__name__}: {error}")

    def results(self) -> dict[CellT, RunSummary]:
        """Summaries of the cells that are done."""
        return {
            cell: summarise(self.folder(cell))
            for cell, progress in self.progress.items()
            if progress.state == "done"
        }

    def _keep(self, cells: Iterable[CellT]) -> None:
        if not self.writes:
            return
        make_folder(self.out)
        self.write(cells)


def time_left(progress: Mapping[CellT, Progress], todo: Iterable[CellT], abreast: int = 1) -> str:
    """For the log: each cell takes the mean of its line, or of all cells where that is unknown.

    `abreast` are trained at a time.
    """
    known: dict[str, list[float]] = {}
    for cell, p in progress.items():
        if p.hours is not None:
            known.setdefault(cell.line, []).append(p.hours)
    if not known:
        return ""
    overall = fmean(hours for own in known.values() for hours in own)
    hours = sum(fmean(known.get(cell.line, [overall])) for cell in todo) / abreast
    return f", about {hours:.1f} hours left" if hours >= 2 else f", about {60 * hours:.0f} min left"


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


def noise_names(noises: Sequence[str], seeds: int) -> list[str]:
    """Each of --noise once. FerdeskError for a value that is none, and for no seeds at all."""
    if seeds < 1:
        raise FerdeskError(f"{seeds} seeds make no table; give --seeds 1 or more.")
    return list(dict.fromkeys(noise_name(text) for text in noises))


def with_noise(base: TrainConfig, name: str) -> TrainConfig:
    """`base` with the noise of a name, and one label a picture at every noise."""
    noise = base.noise
    if name == "natural":
        noise = replace(noise, kind="natural", rate=0.0)
    elif float(name) == 0:
        noise = replace(noise, kind="none", rate=0.0)
    else:
        kind = "symmetric" if noise.kind in ("none", "natural", "file") else noise.kind
        noise = replace(noise, kind=kind, rate=float(name))
    # Noise implies one label a picture; so cells without it differ by noise alone.
    return replace(base, noise=noise, hard_labels=base.hard_labels or noise.kind == "none")


def comparable(config: TrainConfig, own: Sequence[str]) -> dict[str, Any]:
    """The settings that all cells share; `own` are those that the cells set."""
    values = asdict(config)
    for key in own:
        group, _, name = key.rpartition(".")
        (values[group] if group else values).pop(name)
    return values


def check_same(old: Mapping[str, Any], new: Mapping[str, Any], out: Path) -> None:
    """FerdeskError where the folder `out` was made with other settings."""
    different = differences(old, new)
    if different:
        raise FerdeskError(
            f"'{out}' was made with another configuration ({', '.join(different[:3])}); "
            "give another --out."
        )


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
