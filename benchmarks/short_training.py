"""A short training that nothing but a benchmark will ever look at."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from ferdesk.model.network import DualStreamFER
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.methods.ours import Ours
from trainer.training.loop import Trainer
from trainer.training.run_data import TrainingData

WATCHED = 1300
"""Pictures of the training part that judge and are never trained on."""


def parts(data: PackedSet, pictures: int, watched: int = WATCHED) -> tuple[PackedSet, PackedSet]:
    """(training, judging) pictures of a training part, always the same ones."""
    order = np.random.default_rng(0).permutation(len(data))
    watch = data.take(np.sort(order[:watched]))
    return data.take(np.sort(order[watched : watched + pictures])), watch


def train_short(
    network: DualStreamFER, config: TrainConfig, training: PackedSet, watch: PackedSet
) -> DualStreamFER:
    """The averaged network after the configured epochs, on the CPU."""
    torch.manual_seed(0)
    method = Ours(network, config, len(training))
    data = TrainingData(training, training.labels, watch, None)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(method, data, config, Path(folder))
        trainer.run()
    averaged = trainer.averaged()
    assert isinstance(averaged, Ours)
    return averaged.network.cpu()
