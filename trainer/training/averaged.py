"""The exponential moving average of a network's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Averaged:
    """Moving average of weights and buffers, with a warmed-up decay; decay 0 copies.

    The floating tensors move in one fused call, so that the average costs next to nothing.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.state: dict[str, Tensor] = {
            k: v.detach().clone() for k, v in network.state_dict().items()
        }

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move one step towards the network's present state."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        present = network.state_dict()
        floating = [k for k, v in present.items() if v.dtype.is_floating_point]
        torch._foreach_lerp_(
            [self.state[k] for k in floating], [present[k] for k in floating], 1 - decay
        )
        for key in present.keys() - set(floating):
            self.state[key].copy_(present[key])
