"""First weights for an image network without any label: it learns where a face's landmarks lie.

Published methods start from networks trained on millions of faces. A small network that nobody has
published can at least know faces: from a crop, moved as in training, it learns the landmarks that
MediaPipe found (478 points without place, tilt and size). No label is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ferdesk.errors import FerdeskError
from ferdesk.interrupt import Interrupt
from ferdesk.model.config import Preprocessing
from ferdesk.model.face_geometry import LANDMARKS, PRESENT
from ferdesk.model.geometry import Standardise
from trainer.augment import augment_faces
from trainer.augment_options import AugmentConfig
from trainer.data.packed import PackedSet
from trainer.methods.classifier import Classifier
from trainer.training.feed import Feed
from trainer.training.progress import Progress
from trainer.training.sampler import epoch_order
from trainer.training.schedule import half_cosine


@dataclass(frozen=True)
class LandmarkTask:
    """How first weights are learned."""

    backbone: str = "resnet8"
    image_size: int = 56
    coarse_stride: int = 1
    epochs: int = 10
    batch_size: int = 64
    lr: float = 2e-3
    weight_decay: float = 1e-4
    bf16: bool = False
    seed: int = 1
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Without what makes landmarks wrong: jitter, losses and pretended turns are left out."""


def learn_landmarks(
    training: PackedSet, preprocessing: Preprocessing, task: LandmarkTask, progress: Progress
) -> tuple[nn.Module, float]:
    """The backbone, and the share of the landmarks' spread that it explains in the last epoch.

    `training` has landmarks, and crops as the run augments them. FerdeskError where fewer faces
    have landmarks than fill a batch; KeyboardInterrupt after Ctrl-C.
    """
    geometry = torch.from_numpy(training.shapes())
    known = np.flatnonzero(geometry[:, PRESENT].numpy() > 0)
    if len(known) < task.batch_size:
        raise FerdeskError(
            f"{len(known)} training pictures have landmarks, too few for a batch of "
            f"{task.batch_size}; give more pictures of faces."
        )
    torch.manual_seed(task.seed)
    network = Classifier(task.backbone, preprocessing, task.image_size, task.coarse_stride)
    network.fc = nn.Linear(network.width, LANDMARKS.stop)
    standardise = Standardise()
    standardise.fit(geometry)
    network.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=task.lr, weight_decay=task.weight_decay, fused=True
    )
    augment = replace(task.augment, jitter=0.0, lose_landmarks=0.0, lose_picture=0.0, pose=0.0)
    steps = len(known) // task.batch_size
    feed, generator = Feed(training, torch.device("cpu")), torch.Generator().manual_seed(task.seed)
    labels = np.zeros(len(known), np.int64)
    progress.start("landmarks", task.epochs, steps, 0, 0)
    missed = 1.0
    with Interrupt() as interrupt:
        for epoch in range(task.epochs):
            order = known[epoch_order(labels, "full", 1, task.seed, epoch)]
            parts = [np.sort(part) for part in np.split(order[: steps * task.batch_size], steps)]
            total = 0.0
            for step, (crops, rows) in enumerate(zip(feed.batches(parts), parts, strict=True)):
                share = (epoch * steps + step) / (task.epochs * steps)
                for group in optimizer.param_groups:
                    group["lr"] = task.lr * half_cosine(share)
                seen, moved = augment_faces(
                    crops, geometry[torch.from_numpy(rows)], augment, generator
                )
                with torch.autocast("cpu", torch.bfloat16, enabled=task.bf16):
                    told = network(seen)
                loss = F.mse_loss(told.float(), standardise(moved)[:, LANDMARKS])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                total += float(loss.item())
                if interrupt.asked:
                    raise KeyboardInterrupt
            missed = total / steps
            progress.epoch(epoch + 1, {"unexplained": missed})
    return network.backbone, 1 - missed
