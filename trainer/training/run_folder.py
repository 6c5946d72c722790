"""What a run leaves behind besides its log and state (docs/training.md, "A run's folder")."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import yaml
from filelock import FileLock, Timeout

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, refusals, replacing, write_json, write_text
from ferdesk.model.labels import EXPRESSIONS
from trainer.config import TrainConfig
from trainer.data.packed import data_digest
from trainer.environment import environment
from trainer.measure.answers import Answers
from trainer.measure.metrics import DISTRIBUTIONS
from trainer.measure.purification import purification_json
from trainer.training.run_data import RunData

if TYPE_CHECKING:
    from trainer.training.loop import Trainer

log = logging.getLogger(__name__)


class RunFolder:
    """The folder of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the folder, made if need be, for this process alone.

        FerdeskError where it cannot be made, or another process works in it.
        """
        if self.path.exists() and not self.path.is_dir():
            raise FerdeskError(f"'{self.path}' is a file; give a folder for the run.")
        make_folder(self.path)
        lock = FileLock(self.path / "lock")
        with refusals(self.path / "lock"):
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                raise FerdeskError(
                    f"Another process is working in '{self.path}'; wait until it has ended or "
                    "give another folder."
                ) from error
        try:
            yield
        finally:
            # Windows does not remove what is open; there the lock does it itself.
            with contextlib.suppress(OSError):
                (self.path / "lock").unlink()
            lock.release()

    def begin(self, config: TrainConfig, data: RunData, device: torch.device) -> None:
        """Write what describes a run that starts now; the log of a failed start is removed."""
        text = yaml.safe_dump({"train": dataclasses.asdict(config)}, sort_keys=False)
        write_text(self.path / "config.yaml", text)
        write_json(self.path / "environment.json", environment(device, config.threads, config.seed))
        write_json(self.path / "data.json", describe(config, data))
        if data.noise is not None:
            data.noise.write(self.path)
        (self.path / "log.jsonl").unlink(missing_ok=True)

    def write_predictions(self, trainer: Trainer, data: RunData) -> None:
        """The last answers on the training and on the measured pictures, and their figures."""
        folder = self.path / "predictions"
        folder.mkdir(exist_ok=True)
        sets = data.sets
        training = trainer.answers_on(sets.training)
        _save(
            folder / "training.npz", sets.training.names, training,
            given=sets.training.labels, clean=sets.clean,
        )  # fmt: skip
        if sets.measured is not None:
            _save(
                folder / "measured.npz", sets.measured.names, trainer.answers_on(sets.measured)
            )  # fmt: skip
        if data.noise is not None:
            distributions = {name: getattr(training.out, name) for name in DISTRIBUTIONS}
            write_json(
                self.path / "purification.json",
                purification_json(distributions, sets.training.labels, sets.clean),
            )


def _save(path: Path, names: tuple[str, ...], answers: Answers, **more: Any) -> None:
    arrays = {name: getattr(answers.out, name) for name in DISTRIBUTIONS}
    with replacing(path) as file:
        np.savez_compressed(
            file,
            names=np.array(names),
            labels=answers.labels,
            embedding=answers.out.embedding.astype(np.float16),
            **arrays,
            **more,
        )


def describe(config: TrainConfig, data: RunData) -> dict[str, Any]:
    """data.json: which pictures, how many of what, and a hash of names and labels."""
    index = json.loads((data.folder / "index.json").read_text())
    layout, _, path = config.data.partition(":")
    counts: dict[str, dict[str, int]] = {}
    for split, target in sorted(zip(index["splits"], index["targets"], strict=True)):
        expression = EXPRESSIONS[int(np.argmax(target))]
        counts.setdefault(split, dict.fromkeys(EXPRESSIONS, 0))[expression] += 1
    sets = data.sets
    return {
        "layout": layout,
        "folder": Path(path).name,
        "sha256": data_digest(index),
        "counts": counts,
        "used": {
            "training": len(sets.training),
            "held_out": len(sets.held_out),
            "measured": 0 if sets.measured is None else len(sets.measured),
        },
        "aligned_share": float(np.mean(index["aligned"])),
        "unreadable": [Path(name).name for name in index["unreadable"]],
        "duplicates": len(index["duplicates_of_training"]),
    }
