"""From a configuration to the pictures of a run: read, made noisy, held out, thinned."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig
from trainer.data.counts import require_every_class
from trainer.data.hold_out import hold_out
from trainer.data.packed import PackedSet, load_split
from trainer.data.sets import original_labels, prepare
from trainer.labels.noise import NoisyLabels, apply_noise
from trainer.labels.overrides import apply_overrides, read_overrides
from trainer.training.taught import taught

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The pictures of a run. Only the labels of `measured` are sure to be unchanged."""

    training: PackedSet
    clean: NDArray[np.int64]
    """(N,) labels of `training` before noise, used for figures only, never in a step."""
    held_out: PackedSet
    """Training pictures kept out of every step, with labels as noisy as the others."""
    measured: PackedSet | None
    taught: NDArray[np.float32] | None = None
    """(N, 7) what teachers say of `training`; no label enters it."""


@dataclass(frozen=True, slots=True, eq=False)
class RunData:
    """The sets of a run and what is written about them."""

    sets: TrainingData
    noise: NoisyLabels | None
    """The labels of the whole training part, held-out pictures included, before overrides."""
    soft: bool
    """True where targets are distributions."""
    folder: Path
    """Of the packed cache."""


def run_data(config: TrainConfig, cache: Path) -> RunData:
    """Everything a run trains and is measured on.

    Labels are changed by noise before the held-out part is drawn, so that part is as noisy as the
    rest and nothing is chosen by clean labels. The measured split is never touched.
    """
    folder = prepare(config.data, cache, config.align, geometry=config.takes_geometry)
    everything = load_split(folder, "train")
    require_every_class(everything.labels.tolist(), config.data)
    clean = dict(zip(everything.names, everything.labels.tolist(), strict=True))
    noisy = config.noise.kind != "none"
    hard = noisy or config.hard_labels
    changed = None
    if noisy:
        originals = original_labels(config.data) if config.noise.kind == "natural" else None
        changed = apply_noise(everything.names, everything.labels, config.noise, originals)
        everything = with_labels(everything, changed.noisy)
    elif hard:
        everything = with_labels(everything, everything.labels)
    if config.overrides:
        path = Path(config.overrides).expanduser()
        everything = apply_overrides(everything, read_overrides(path, everything.names))
        require_every_class(everything.labels.tolist(), config.data)
    training, held = hold_out(everything, config.holdout, config.seed)
    if config.pictures and config.pictures < len(training):
        order = np.random.default_rng(config.seed).permutation(len(training))
        training = training.take(np.sort(order[: config.pictures]))
    measured = None
    if config.measure_on != "none":
        measured = load_split(folder, config.measure_on)
        _check_disjoint(training, measured)
    own_clean = np.array([clean[name] for name in training.names], np.int64)
    log.info(
        "training on %d pictures, %d held out, %d measured on%s",
        len(training), len(held), 0 if measured is None else len(measured),
        f", {changed.realised_rate:.1%} of the labels wrong" if changed is not None else "",
    )  # fmt: skip
    answers = taught(config.teacher, folder, training, config.threads)
    training, held = as_trained(training, config), as_trained(held, config)
    measured = None if measured is None else as_trained(measured, config)
    return RunData(
        TrainingData(training, own_clean, held, measured, answers),
        changed,
        soft=not hard and bool((everything.targets.max(axis=1) < 1).any()),
        folder=folder,
    )  # fmt: skip


def as_trained(data: PackedSet, config: TrainConfig) -> PackedSet:
    """The pictures with crops as large as the run augments them."""
    return data.shrunk(config.detail) if config.shrink_first else data


def _check_disjoint(training: PackedSet, measured: PackedSet) -> None:
    shared = set(training.names) & set(measured.names)
    if shared:
        raise FerdeskError(
            f"{len(shared)} pictures, for example '{min(shared)}', are both trained and measured "
            "on; give the data set's parts different file names."
        )


def with_labels(data: PackedSet, labels: NDArray[np.int64]) -> PackedSet:
    """The same pictures with one-hot targets."""
    return replace(data, targets=np.eye(data.targets.shape[1], dtype=np.float32)[labels])
