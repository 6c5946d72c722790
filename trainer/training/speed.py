"""How fast training is, and what it waits for: the data path, the step and the loop apart."""

from __future__ import annotations

import gc
import logging
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.config import TrainConfig
from trainer.environment import device_name
from trainer.methods import build_method
from trainer.methods.base import Batch
from trainer.training.loop import Trainer
from trainer.training.run_data import TrainingData

log = logging.getLogger(__name__)

Precision = Literal["float32", "bf16"]

RATIO = 5.0
"""The data path feeds at least this many times what a step takes."""
GPU_WAIT = 0.03
"""Largest share of the loop's time that a GPU waits for data."""
GPU_PAPER = 4000.0
"""Pictures per second of the `paper` architecture in bf16 on a card of the H100 class."""

_WARM_UP = 3
_FEWEST, _MOST = 4, 5000
"""Steps that are timed."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and what it should be."""

    name: str
    wanted: float
    got: float
    met: bool


@dataclass(frozen=True, slots=True)
class Speed:
    """The figures of one precision. Speeds are in pictures per second."""

    device: str
    """Model of the GPU or the processor."""
    on_gpu: bool
    threads: int
    architecture: str
    """Of the method `ours`; the backbone of the others."""
    method: str
    batch_size: int
    precision: Precision
    resident: bool
    """The crops lay on the device."""
    data_path: float
    """Reading and augmenting alone."""
    step: float
    """Forward, loss, backward and optimiser alone, on a batch that is there."""
    loop: float
    """All of it, as in a run."""
    data_wait: float
    """Share of the loop's time spent waiting for crops."""
    peak_memory: int | None
    """Bytes: of the GPU as torch counts them, else the process's largest resident set; None where
    the system does not tell."""

    @property
    def ratio(self) -> float:
        """The data path over the step."""
        return self.data_path / self.step

    def targets(self) -> list[Target]:
        """What is asked of this device; the GPU's own targets only in bf16."""
        found = [Target("data path / step", RATIO, self.ratio, self.ratio >= RATIO)]
        if self.on_gpu and self.precision == "bf16":
            met = self.data_wait < GPU_WAIT
            found.append(Target("data wait", GPU_WAIT, self.data_wait, met))
            if self.architecture == "paper":
                met = self.loop >= GPU_PAPER
                found.append(Target("loop, pictures/s", GPU_PAPER, self.loop, met))
        return found

    def to_json(self) -> dict[str, Any]:
        """All figures, with the ratio and the targets."""
        return {
            **asdict(self),
            "ratio": self.ratio,
            "targets": [asdict(target) for target in self.targets()],
        }


def peak_memory(device: torch.device) -> int | None:
    """Bytes; see `Speed.peak_memory`."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # kilobytes on Linux


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _repeat(once: Callable[[], object], times: int, device: torch.device) -> float:
    """Seconds; a GPU is waited for before and after but never between."""
    _wait_for(device)
    started = time.perf_counter()
    for _ in range(times):
        once()
    _wait_for(device)
    return time.perf_counter() - started


def _times(once: Callable[[], object], device: torch.device, seconds: float) -> int:
    """How often `once` happens in about `seconds`, after it has chosen algorithms and compiled."""
    _repeat(once, _WARM_UP, device)
    one = _repeat(once, 1, device)
    return max(_FEWEST, min(_MOST, round(seconds / max(one, 1e-9))))


def _stream(trainer: Trainer) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Positions and crops of parts of batches without end, epoch after shuffled epoch."""
    pictures, random = len(trainer.data.training), np.random.default_rng(trainer.config.seed)
    while True:
        order = random.permutation(pictures)
        steps = range(pictures // trainer.config.batch_size)
        rows = [part for step in steps for part in trainer.rows_of(step, order)]
        yield from zip(rows, trainer.feed.batches(rows), strict=True)


class _Parts:
    """What is timed, each method one batch of the run by the loop's own functions."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.stream = _stream(trainer)
        self.done = 0
        self.ready = self._batch(0)
        trainer.method.train()

    def _batch(self, number: int) -> Batch:
        rows, crops = next(self.stream)
        return self.trainer.batch(crops, rows, self._position, number)

    def data(self) -> None:
        """Reading and augmenting."""
        for number in range(self.trainer.parts):
            self._batch(number)

    def step(self) -> None:
        """Forward, loss, backward, optimiser."""
        for _ in range(self.trainer.parts):
            self.trainer.learn(self.ready)
        self._update()

    def loop(self) -> None:
        """All of it."""
        for number in range(self.trainer.parts):
            self.trainer.learn(self._batch(number))
        self._update()

    @property
    def _position(self) -> int:
        return self.done % self.trainer.steps_per_epoch

    def _update(self) -> None:
        self.trainer.update(self._position)
        self.done += 1


def precisions(config: TrainConfig, device: torch.device) -> tuple[Precision, ...]:
    """The configured precision; with `auto` all that the device is meant for."""
    if config.precision != "auto":
        return (config.precision,)
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return ("float32", "bf16")
    return ("float32",)


def measure_speed(data: TrainingData, config: TrainConfig, seconds: float) -> list[Speed]:
    """One `Speed` per precision, each of its three parts timed for about `seconds`.

    Nothing is written. FerdeskError where a run would raise it.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return [
        _measure(data, replace(config, precision=precision, tensorboard=False), precision, seconds)
        for precision in precisions(config, device)
    ]


def _measure(
    data: TrainingData, config: TrainConfig, precision: Precision, seconds: float
) -> Speed:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    method = build_method(config, len(data.training))
    trainer = Trainer(method, data, config, Path())
    device, parts = trainer.device, _Parts(trainer)
    speeds: dict[str, float] = {}
    for name in ("data", "step", "loop"):
        once = getattr(parts, name)
        times = _times(once, device, seconds)
        waited = trainer.feed.wait_seconds
        taken = _repeat(once, times, device)
        wait = (trainer.feed.wait_seconds - waited) / taken
        speeds[name] = times * config.batch_size / taken
        log.info("%s, %s: %.0f pictures/s over %d steps", precision, name, speeds[name], times)
    peak = peak_memory(device)
    return Speed(
        device=device_name(device),
        on_gpu=device.type == "cuda",
        threads=torch.get_num_threads(),
        architecture=config.architecture if config.method == "ours" else config.backbone,
        method=config.method,
        batch_size=config.batch_size,
        precision=precision,
        resident=trainer.feed.resident,
        data_path=speeds["data"],
        step=speeds["step"],
        loop=speeds["loop"],
        data_wait=wait,
        peak_memory=peak,
    )


def speed_text(results: list[Speed]) -> str:
    """The figures as a table for people, one column per precision."""
    first = results[0]
    place = "on the device" if first.resident else "read as they come"
    lines = [
        f"{first.device}, threads: {first.threads}",
        f"{first.method} on {first.architecture}, batches of {first.batch_size}, crops {place}",
        f"{'':22}" + "".join(f"{r.precision:>12}" for r in results),
    ]
    rows: list[tuple[str, list[str]]] = [
        ("data path, pictures/s", [f"{r.data_path:.1f}" for r in results]),
        ("step, pictures/s", [f"{r.step:.1f}" for r in results]),
        ("loop, pictures/s", [f"{r.loop:.1f}" for r in results]),
        ("data path / step", [f"{r.ratio:.1f}" for r in results]),
        ("data wait", [f"{r.data_wait:.2%}" for r in results]),
        (
            "peak memory, GB",
            ["-" if r.peak_memory is None else f"{r.peak_memory / 1e9:.2f}" for r in results],
        ),
    ]
    lines += [f"{name:22}" + "".join(f"{value:>12}" for value in values) for name, values in rows]
    for result in results:
        for target in result.targets():
            sign = "<" if target.name == "data wait" else "≥"
            lines.append(
                f"target {sign} {target.wanted:g}: {target.name} {target.got:.4g} "
                f"({result.precision}), {'met' if target.met else 'missed'}"
            )
    return "\n".join(lines) + "\n"
