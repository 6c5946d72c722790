"""The figures of one run: means over its last epochs, and nothing chosen by looking.

The headline is the mean of the last tenth of a schedule that was fixed beforehand, and the last
epoch stands beside it: a fixed number of epochs would be most of a short run and next to nothing of
a long one. The best epoch is reported too, because papers do, but only under its own name: it is
chosen on the pictures it is measured on and therefore too high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from trainer.files import read_config, read_json
from trainer.measure.epochs import Epoch, read_epochs
from trainer.measure.metrics import DISTRIBUTIONS, Metrics, wilson
from trainer.measure.purification import PurificationFigures


def last_tenth(epochs: int) -> int:
    """Epochs that the headline of a run of `epochs` is the mean of: 1 up to 19, then 2, …"""
    return max(1, epochs // 10)


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and sample standard deviation (n - 1); None for a single value."""

    mean: float
    std: float | None

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return Spread(fmean(values), stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True, slots=True)
class LastEpochs:
    """One distribution on one set of pictures, over the last epochs."""

    n: int
    """Pictures."""
    accuracy: Spread
    mean_class_accuracy: Spread
    macro_f1: Spread
    ece: Spread
    interval: tuple[float, float]
    """Wilson 95 % interval of the mean accuracy: the chance in drawing n test pictures, no more."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run was and how well it did."""

    folder: Path
    name: str
    method: str
    corrections: str | None
    """None: as the architecture has it."""
    layout: str
    """Of the data set."""
    measure_on: str
    noise_kind: str
    noise_rate: float
    """As asked for; not used by the kinds `natural` and `file`."""
    realised_noise: float | None
    """Share of the training labels that really are wrong; None without noise."""
    pretraining: str
    epochs: int
    epochs_done: int
    finished: bool
    averaged: int
    """Epochs that the figures below are means of: `last_tenth`, or as many as there are."""
    measured: Mapping[str, LastEpochs]
    """By distribution, against clean labels; empty when nothing was measured."""
    held_out: Mapping[str, LastEpochs]
    """By distribution, against labels as given."""
    last_epoch_accuracy: float | None
    """Measured accuracy of `final` after the last epoch there is."""
    best_epoch_number: int | None
    """The epoch of the highest measured accuracy of `final`: chosen on the pictures themselves."""
    best_epoch_accuracy: float | None
    purification: Mapping[str, PurificationFigures]
    """By distribution; empty without noise or before the end of the run."""
    hours: float
    pictures_per_second: float
    """Median over the epochs."""

    @property
    def noise(self) -> str:
        """The noise in words."""
        if self.noise_kind == "none":
            return "none"
        asked = "" if self.noise_kind in ("natural", "file") else f" {100 * self.noise_rate:g} %"
        real = self.realised_noise
        return f"{self.noise_kind}{asked}" + (
            "" if real is None else f" ({100 * real:.2f} % of the training labels are wrong)"
        )


def summarise(run: Path) -> RunSummary:
    """The summary of a run's folder, finished or not.

    Raises FerdeskError for a folder that is no run, a run without a finished epoch, and damaged
    files.
    """
    epochs = read_epochs(run)
    config = read_config(run)
    planned = int(config.get("epochs", len(epochs)))
    last = epochs[-last_tenth(planned) :]
    measured = _over([e.measured for e in last])
    best = max(
        (e for e in epochs if "final" in e.measured),
        key=lambda e: e.measured["final"].accuracy,
        default=None,
    )
    noise = read_json(run / "noise.json") or {}
    asked = config.get("noise") or {}
    method = str(config.get("method", "ours"))
    checkpoint = (run / "model.safetensors").is_file() or method != "ours"
    return RunSummary(
        folder=run,
        name=str(config.get("name", run.name)),
        method=method,
        corrections=(config.get("network") or {}).get("corrections"),
        layout=str(config.get("data", "")).partition(":")[0],
        measure_on=str(config.get("measure_on", "none")),
        noise_kind=str(asked.get("kind", "none")),
        noise_rate=float(asked.get("rate", 0.0)),
        realised_noise=noise.get("realised_rate"),
        pretraining=pretraining(config),
        epochs=planned,
        epochs_done=len(epochs),
        finished=len(epochs) >= planned and checkpoint,
        averaged=len(last),
        measured=measured,
        held_out=_over([e.held_out for e in last]),
        last_epoch_accuracy=_accuracy(epochs[-1]),
        best_epoch_number=best.number if best else None,
        best_epoch_accuracy=best.measured["final"].accuracy if best else None,
        purification=_purification(read_json(run / "purification.json")),
        hours=epochs[-1].hours,
        pictures_per_second=median(e.pictures_per_second for e in epochs),
    )


def _accuracy(epoch: Epoch) -> float | None:
    return epoch.measured["final"].accuracy if "final" in epoch.measured else None


def _over(epochs: Sequence[Mapping[str, Metrics]]) -> dict[str, LastEpochs]:
    """Means over epochs of every distribution that all of them have."""
    out = {}
    for name in DISTRIBUTIONS:
        rows = [metrics[name] for metrics in epochs if name in metrics]
        if not rows or len(rows) < len(epochs):
            continue
        accuracy = Spread.of([m.accuracy for m in rows])
        n = rows[-1].n
        out[name] = LastEpochs(
            n=n,
            accuracy=accuracy,
            mean_class_accuracy=Spread.of([m.mean_class_accuracy for m in rows]),
            macro_f1=Spread.of([m.macro_f1 for m in rows]),
            ece=Spread.of([m.ece for m in rows]),
            interval=wilson(round(accuracy.mean * n), n),
        )
    return out


def _purification(values: dict[str, Any] | None) -> dict[str, PurificationFigures]:
    keys = ("recovery", "damage", "memorised", "auroc")
    return {
        name: PurificationFigures(**{key: values[name].get(key) for key in keys})
        for name in DISTRIBUTIONS
        if values is not None and isinstance(values.get(name), dict)
    }


def pretraining(config: Mapping[str, Any]) -> str:
    """What the weights of a configured run came from, in words for cards and reports."""
    if config.get("start_from"):
        return f"continues {Path(config['start_from']).name}"
    names = [Path(config.get(f"{s}_weights") or "random").name for s in ("image", "landmark")]
    return f"image {names[0]}, landmarks {names[1]}"
