"""Training the landmark witness of a finished checkpoint: no picture is looked at, so it is quick.

The witness shares nothing with the rest of the network, which stays exactly as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ferdesk.interrupt import Interrupt
from ferdesk.model.config import Witness
from ferdesk.model.face_geometry import PRESENT
from ferdesk.model.geometry import GeometryWitness, Standardise
from ferdesk.model.network import DualStreamFER
from trainer.augment.chance import Chance
from trainer.augment.landmarks import move
from trainer.augment_options import AugmentConfig
from trainer.data.packed import PackedSet
from trainer.methods.losses import class_distribution_loss
from trainer.training.progress import Progress
from trainer.training.sampler import Sampler, epoch_order
from trainer.training.schedule import half_cosine


@dataclass(frozen=True)
class WitnessConfig:
    """How the witness is trained."""

    epochs: int = 40
    batch_size: int = 256
    lr: float = 1e-3
    weight_decay: float = 1e-2
    sampler: Sampler = "full"
    seed: int = 1


def with_witness(network: DualStreamFER, use: Witness, weight: float) -> DualStreamFER:
    """A network that answers as `network` does, with an untrained witness beside it."""
    config = replace(network.config, witness=use, witness_weight=weight)
    made = DualStreamFER(config, network.preprocessing)
    # Only the witness, and for networks without geometry its standardisation, are new.
    made.load_state_dict(network.state_dict(), strict=False)
    return made.eval()


def train_witness(
    network: DualStreamFER, training: PackedSet, config: WitnessConfig, progress: Progress
) -> None:
    """Train the witness of `network` in place on the landmarks of `training`.

    The standardisation is fitted first where nothing else of the network depends on it.
    KeyboardInterrupt after Ctrl-C.
    """
    witness, standardise = network.witness, network.preprocess.standardise
    assert isinstance(witness, GeometryWitness)
    assert isinstance(standardise, Standardise)
    geometry = torch.from_numpy(training.shapes())
    if network.geometry_stream is None:
        standardise.fit(geometry)
    known = np.flatnonzero(training.shapes()[:, PRESENT] > 0)
    labels, targets = training.labels[known], torch.from_numpy(training.targets[known])
    geometry = geometry[torch.from_numpy(known)]
    torch.manual_seed(config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.AdamW(
        witness.parameters(), lr=config.lr, weight_decay=config.weight_decay
    )
    steps = max(1, len(known) // config.batch_size)
    progress.start("witness", config.epochs, steps, 0, 0)
    changes = AugmentConfig(lose_landmarks=0.0, lose_picture=0.0)
    witness.train()
    with Interrupt() as interrupt:
        for epoch in range(config.epochs):
            order = epoch_order(labels, config.sampler, 1, config.seed, epoch)
            total = 0.0
            for step in range(steps):
                rows = torch.from_numpy(
                    order[step * config.batch_size : (step + 1) * config.batch_size]
                )
                share = (epoch * steps + step) / (config.epochs * steps)
                for group in optimizer.param_groups:
                    group["lr"] = config.lr * half_cosine(share)
                total += _step(witness, standardise, geometry[rows], targets[rows], changes,
                               generator, optimizer)  # fmt: skip
                if interrupt.asked:
                    raise KeyboardInterrupt
            progress.epoch(epoch + 1, {"witness": total / steps})
    witness.eval()


def _step(
    witness: GeometryWitness,
    standardise: Standardise,
    geometry: Tensor,
    targets: Tensor,
    changes: AugmentConfig,
    generator: torch.Generator,
    optimizer: torch.optim.Optimizer,
) -> float:
    chance = Chance(len(geometry), geometry.device, generator)
    moved, _ = move(geometry, changes, chance, generator)
    loss = class_distribution_loss(witness(standardise(moved)), targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(loss.item())
