"""Run a network over a packed set and measure every distribution it gives."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ferdesk.model.network import DualStreamFER
from ferdesk.model.purified import Purified
from trainer.data.packed import PackedSet


def to_batch(crops: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """(B, S, S, 3) uint8 → (B, 3, S, S) float in 0..255, channels last in memory."""
    batch = torch.from_numpy(np.array(crops)).to(device)
    return batch.permute(0, 3, 1, 2).float()


@torch.inference_mode()
def predict(
    network: DualStreamFER, data: PackedSet, device: torch.device, batch_size: int = 128
) -> Purified[NDArray[np.float32]]:
    """`Purified` of the whole set as float32 arrays, in its order. The network's mode is kept."""
    was_training = network.training
    network.eval()
    outputs = []
    for start in range(0, len(data), batch_size):
        batch = to_batch(data.crops[start : start + batch_size], device)
        outputs.append(network(batch).map(lambda t: t.float().cpu().numpy()))
    network.train(was_training)
    names = Purified.__dataclass_fields__
    return Purified(**{n: np.concatenate([getattr(o, n) for o in outputs]) for n in names})
