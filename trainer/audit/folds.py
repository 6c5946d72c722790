"""Out-of-sample answers: every picture by a network that was trained on the other folds.

OUT/settings.json            what OUT was made with
OUT/fold-1/ …                log.jsonl; state.pt and answers.npz while it trains, then
                             predictions.npz
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, replacing, write_json
from ferdesk.model import checkpoint
from trainer.audit.fold_trainer import ANSWERS_FILE, FoldTrainer
from trainer.config import TrainConfig
from trainer.data.copies import copy_groups
from trainer.data.packed import PackedSet, load_split
from trainer.files import read_arrays, read_json
from trainer.measure.answers import predict
from trainer.measure.metrics import DISTRIBUTIONS
from trainer.methods import build_method
from trainer.same_run import differences
from trainer.training.progress import Progress
from trainer.training.run_data import TrainingData, as_trained, run_data

ANSWERS: Final = "mean of epochs"
"""How the folds' answers come about, see `MeanAnswers`."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The pictures under audit; the crops stay in the packed cache until they are needed."""

    source: PackedSet
    """The whole training part of the cache."""
    rows: NDArray[np.int64]
    """(N,) where they are in `source`."""
    targets: NDArray[np.float32]
    """(N, 7) as they are trained on."""
    clean: NDArray[np.int64]
    """(N,) labels before noise; -1 everywhere without noise."""
    groups: NDArray[np.int64]
    """(N,) one number for copies of one picture (`copy_groups`)."""

    @property
    def given(self) -> NDArray[np.int64]:
        """(N,) the labels under audit."""
        return self.targets.argmax(axis=1)

    @property
    def names(self) -> tuple[str, ...]:
        """(N,)"""
        return tuple(self.source.names[row] for row in self.rows)

    def take(self, selection: NDArray[np.int64]) -> PackedSet:
        """Some of them with their targets; the crops are copied into memory."""
        return replace(self.source.take(self.rows[selection]), targets=self.targets[selection])

    def digest(self) -> str:
        """SHA-256 of names and given labels."""
        lines = zip(self.names, self.given.tolist(), strict=True)
        return hashlib.sha256("".join(f"{n} {g}\n" for n, g in lines).encode()).hexdigest()


def pictures_of(config: TrainConfig, cache: Path) -> Pictures:
    """The training pictures of a run that holds none out."""
    # The folds take their crops from the cache and shrink those themselves.
    data = run_data(replace(config, shrink_first=False), cache)
    source = load_split(data.folder, "train")
    row_of = {name: row for row, name in enumerate(source.names)}
    used = data.sets.training
    rows = np.array([row_of[name] for name in used.names], np.int64)
    clean = data.sets.clean if data.noise is not None else np.full(len(rows), -1, np.int64)
    return Pictures(source, rows, used.targets, clean, copy_groups(source.crops, rows))


def assign_folds(
    given: NDArray[np.int64], groups: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.int64]:
    """(N,) fold of each picture, 0 to folds - 1: about as many of every class in each.

    Copies of one picture share a fold; otherwise a network would judge what it was trained on.
    FerdeskError for fewer than two folds and for more folds than different pictures.
    """
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    if not 2 <= folds <= len(first):
        raise FerdeskError(
            f"{len(first)} different pictures cannot be divided into {folds} folds; give --folds "
            "from 2 to that number."
        )
    generator = np.random.default_rng(seed)
    order = np.concatenate(
        [generator.permutation(np.flatnonzero(given[first] == c)) for c in np.unique(given[first])]
    )
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(order)) % folds
    return fold[member]


def open_audit(out: Path, settings: dict[str, Any]) -> None:
    """Begin in OUT, or go on with it. FerdeskError when it was made with other settings."""
    path = out / "settings.json"
    old = read_json(path)
    if old is None:
        write_json(path, settings)
        return
    if "folds" in old and "folds" in settings and old.get("answers") != settings["answers"]:
        raise FerdeskError(
            f"'{out}' holds an audit of an earlier version, which judged by the last epoch alone; "
            "give another --out."
        )
    different = [] if old.keys() == settings.keys() else ["checkpoint or folds"]
    if not different:
        different = differences(old["train"], settings["train"])
        different += [
            key for key, value in settings.items() if key != "train" and old[key] != value
        ]
    if different:
        raise FerdeskError(
            f"'{out}' holds an audit with other settings ({', '.join(different[:3])}); give "
            "another --out."
        )


def answers_by_folds(
    pictures: Pictures, config: TrainConfig, folds: int, out: Path, progress: Progress
) -> dict[str, NDArray[np.float32]]:
    """(N, 7) of every distribution; finished folds are read, not trained."""
    fold_of = assign_folds(pictures.given, pictures.groups, folds, config.seed)
    answers = {name: np.empty(pictures.targets.shape, np.float32) for name in DISTRIBUTIONS}
    for fold in range(folds):
        left_out = np.flatnonzero(fold_of == fold)
        others = np.flatnonzero(fold_of != fold)
        title = replace(config, name=f"{config.name}, fold {fold + 1} of {folds}")
        folder = out / f"fold-{fold + 1}"
        train = partial(_train, pictures, others, left_out, title, folder, progress)
        found = stored(folder, [pictures.names[row] for row in left_out], train)
        for name in DISTRIBUTIONS:
            answers[name][left_out] = found[name]
    return answers


def answers_of_checkpoint(
    pictures: Pictures, path: Path, out: Path
) -> dict[str, NDArray[np.float32]]:
    """(N, 7) of every distribution by a checkpoint. CheckpointError for a file that is none."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def ask() -> dict[str, NDArray[np.float32]]:
        network, _ = checkpoint.load(path)
        everything = pictures.take(np.arange(len(pictures.rows)))
        out = predict(network.to(device), everything, device)
        return {name: getattr(out, name) for name in DISTRIBUTIONS}

    return stored(out / "checkpoint", list(pictures.names), ask)


def _train(
    pictures: Pictures, others: NDArray[np.int64], left_out: NDArray[np.int64],
    config: TrainConfig, folder: Path, progress: Progress,
) -> dict[str, NDArray[np.float32]]:  # fmt: skip
    """What the averaged network says of `left_out` while it trains on `others`: the mean of its
    epochs."""
    torch.manual_seed(config.seed)
    training, judged = (as_trained(pictures.take(rows), config) for rows in (others, left_out))
    data = TrainingData(training, pictures.clean[others], judged, None)
    trainer = FoldTrainer(build_method(config, len(others)), data, config, folder, progress)
    if not trainer.resume():
        (folder / "log.jsonl").unlink(missing_ok=True)
    trainer.run()
    return trainer.mean.answers()


def stored(
    folder: Path, names: list[str], ask: Callable[[], dict[str, NDArray[np.float32]]]
) -> dict[str, NDArray[np.float32]]:
    """``predictions.npz`` of a folder, made with `ask` where it is missing.

    FerdeskError when the file is damaged or about other pictures.
    """
    path = folder / "predictions.npz"
    if not path.is_file():
        make_folder(folder)
        answers: dict[str, Any] = ask()
        with replacing(path) as file:
            np.savez_compressed(file, names=np.array(names), **answers)
        # Only of use for going on, and as large as three checkpoints.
        for name in ("state.pt", ANSWERS_FILE):
            (folder / name).unlink(missing_ok=True)
        return answers
    try:
        arrays = read_arrays(path)
        found = {name: arrays[name] for name in DISTRIBUTIONS}
        same = arrays["names"].tolist() == names
    except (OSError, ValueError, KeyError) as error:
        raise FerdeskError(f"'{path}' is damaged; delete it to have it made again.") from error
    if not same:
        raise FerdeskError(f"'{path}' is about other pictures; give another --out.")
    return found


def settings_of(
    pictures: Pictures, config: TrainConfig, folds: int, path: Path | None
) -> dict[str, Any]:
    """What makes two audits the same one, as JSON."""
    made = {"train": asdict(config), "pictures": pictures.digest()}
    if path is None:
        return {**made, "folds": folds, "answers": ANSWERS}
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FerdeskError(f"The checkpoint '{path}' cannot be read: {error.strerror}.") from error
    return {**made, "checkpoint": hashlib.sha256(content).hexdigest()}
