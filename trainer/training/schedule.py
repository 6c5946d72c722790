"""How the learning rates change over a run."""

from __future__ import annotations

import math

from trainer.config import TrainConfig


def schedule(step: int, steps_per_epoch: int, config: TrainConfig) -> float:
    """Factor on the learning rates: linear warm-up, then half a cosine to 0.01, or γ^epoch.

    The warm-up takes `warmup_steps`, at most a quarter of the run.
    """
    if config.schedule == "exponential":
        return config.gamma ** (step // steps_per_epoch)
    steps = steps_per_epoch * config.epochs
    warm = min(config.warmup_steps, steps // 4)
    if step < warm:
        return (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    return 0.01 + 0.99 * half_cosine(min(1.0, done))


def half_cosine(done: float) -> float:
    """From 1 to 0 as `done` goes from 0 to 1."""
    return 0.5 * (1 + math.cos(math.pi * done))
