"""What the answer of a method costs."""

from __future__ import annotations

from trainer.config import NetworkChanges, TrainConfig
from trainer.measure.cost import measure_cost


def test_cost_of_the_tiny_classifier() -> None:
    """Convolutions of 3×3 at stride 4, 2 and 2 on 32 pixels, then one layer."""
    config = TrainConfig(
        method="cross_entropy", backbone="tiny", network=NetworkChanges(image_size=32)
    )
    cost = measure_cost(config)
    maps = 8 * 8 * 8 * 27 + 4 * 4 * 16 * 72 + 2 * 2 * 32 * 144
    assert cost.macs == maps + 32 * 7
    weights = 8 * 27 + 16 * 72 + 32 * 144
    assert cost.parameters == weights + 2 * (8 + 16 + 32) + 32 * 7 + 7
    assert cost.training_parameters == cost.parameters
    assert cost.milliseconds > 0
