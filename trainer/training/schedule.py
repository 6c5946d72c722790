"""How the learning rates change over a run."""

from __future__ import annotations

import math

from trainer.config import TrainConfig


def schedule(step: int, steps_per_epoch: int, config: TrainConfig) -> float:
    """Factor on the learning rates: linear warm-up, then half a cosine to 0.01, or γ^epoch."""
    if config.schedule == "exponential":
        return config.gamma ** (step // steps_per_epoch)
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    total = steps_per_epoch * config.epochs - config.warmup_steps
    done = (step - config.warmup_steps) / max(1, total)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
