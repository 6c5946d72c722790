"""Training on all folds but one, and what the network says of that one as a mean over epochs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import replacing
from ferdesk.model.purified import Purified
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.files import read_arrays
from trainer.measure.metrics import DISTRIBUTIONS
from trainer.methods.base import Method
from trainer.training.loop import Trainer
from trainer.training.progress import Progress
from trainer.training.run_data import TrainingData

ANSWERS_FILE: Final = "answers.npz"


@dataclass(frozen=True, slots=True, eq=False)
class MeanAnswers:
    """Running mean of what a network says of N pictures after each of its epochs.

    All epochs enter with the same weight, because that is what was measured (docs/results.md,
    "Margins over epochs"). The early ones know less, but were trained less on the wrong labels of
    similar pictures; to leave some out would be a number to choose on the labels under audit.
    """

    names: tuple[str, ...]
    """(N,)"""
    epochs: int = 0
    means: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    """(N, 7) of every distribution; empty before the first epoch."""

    def plus(self, out: Purified[NDArray[np.float32]]) -> MeanAnswers:
        """With one more epoch."""
        epochs, means = self.epochs + 1, {}
        for name in DISTRIBUTIONS:
            new = np.asarray(getattr(out, name), np.float64)
            old = self.means.get(name, np.zeros_like(new))
            means[name] = old + (new - old) / epochs
        return MeanAnswers(self.names, epochs, means)

    def answers(self) -> dict[str, NDArray[np.float32]]:
        """(N, 7) of every distribution."""
        return {name: mean.astype(np.float32) for name, mean in self.means.items()}

    def write(self, path: Path) -> None:
        """Atomic; FerdeskError as in `ferdesk.files.replacing`."""
        arrays: dict[str, Any] = {**self.means}
        with replacing(path) as file:
            np.savez(file, names=np.array(self.names), epochs=self.epochs, **arrays)

    @classmethod
    def read(cls, path: Path, asked: PackedSet) -> MeanAnswers:
        """What was written of the same pictures.

        OSError, ValueError, TypeError or KeyError for any other file.
        """
        arrays = read_arrays(path)
        found = cls(
            tuple(arrays["names"].tolist()), int(arrays["epochs"]),
            {name: np.asarray(arrays[name], np.float64) for name in DISTRIBUTIONS},
        )  # fmt: skip
        shapes = {mean.shape for mean in found.means.values()}
        if found.names != asked.names or shapes != {asked.targets.shape}:
            raise ValueError("other pictures")
        return found


class FoldTrainer(Trainer):
    """One fold's run: asks its averaged network about `data.held_out` after every epoch.

    The mean is written before ``state.pt``: a run that is killed in between repeats an epoch whose
    answers are already in the mean, and does not count them twice.
    """

    def __init__(
        self, method: Method, data: TrainingData, config: TrainConfig, folder: Path,
        progress: Progress,
    ) -> None:  # fmt: skip
        super().__init__(method, data, config, folder, progress=progress)
        self.mean = MeanAnswers(data.held_out.names)

    def watched(self) -> dict[str, Any]:
        answers = self.answers_on(self.data.held_out)
        if self.mean.epochs < self.epoch:
            self.mean = self.mean.plus(answers.out)
            self.mean.write(self.folder / ANSWERS_FILE)
        return {"held_out": {name: m.to_json() for name, m in answers.metrics().items()}}

    def resume(self) -> bool:
        """FerdeskError, besides what `Trainer.resume` raises, where the mean is not the state's."""
        if not super().resume():
            return False
        path = self.folder / ANSWERS_FILE
        try:
            # A run stopped in its first epoch has a state and no answers yet.
            if self.epoch or path.exists():
                self.mean = MeanAnswers.read(path, self.data.held_out)
            if not self.epoch <= self.mean.epochs <= self.epoch + 1:
                raise ValueError("other epochs")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise FerdeskError(
                f"'{path}' is missing, damaged or of another training than state.pt beside it; "
                f"delete the folder '{self.folder}' to have this fold trained again."
            ) from error
        return True
