"""Run a network over a packed set and collect every distribution it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ferdesk.model.purified import Purified, concatenate
from trainer.data.packed import PackedSet
from trainer.measure.metrics import DISTRIBUTIONS, Metrics, measure


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a network says of one set."""

    out: Purified[NDArray[np.float32]]
    labels: NDArray[np.int64]
    """(N,) what it is judged by."""

    def metrics(self) -> dict[str, Metrics]:
        """One `Metrics` per distribution."""
        return {name: measure(getattr(self.out, name), self.labels) for name in DISTRIBUTIONS}


def to_batch(crops: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(B, S, S, 3) uint8 → (B, 3, S, S) float in 0..255, channels last in memory."""
    batch = torch.from_numpy(np.array(crops)).to(device)
    return batch.permute(0, 3, 1, 2).float()


@torch.inference_mode()
def predict_with(
    answer: Callable[[Tensor, Tensor], Purified[Tensor]],
    data: PackedSet,
    device: torch.device,
    batch_size: int = 128,
) -> Purified[NDArray[np.float32]]:
    """`Purified` of the whole set as float32 arrays, in its order."""
    outputs = []
    for start in range(0, len(data), batch_size):
        rows = slice(start, start + batch_size)
        batch = to_batch(data.crops[rows], device)
        geometry = torch.from_numpy(data.shapes(rows)).to(device)
        outputs.append(answer(batch, geometry).map(lambda t: t.float().cpu().numpy()))
    return concatenate(outputs)


def predict(
    network: nn.Module, data: PackedSet, device: torch.device, batch_size: int = 128
) -> Purified[NDArray[np.float32]]:
    """`predict_with` a network in evaluation mode; its own mode is kept."""
    was_training = network.training
    network.eval()
    try:
        return predict_with(network, data, device, batch_size)
    finally:
        network.train(was_training)
