"""Small networks and checkpoint files, made on the fly."""

from pathlib import Path

import torch

from ferdesk.model import checkpoint
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import TINY, ArchitectureConfig, Preprocessing
from ferdesk.model.network import DualStreamFER


def tiny_network(seed: int = 0, config: ArchitectureConfig = TINY) -> DualStreamFER:
    """A network of the tiny architecture with random weights."""
    torch.manual_seed(seed)
    return DualStreamFER(config, Preprocessing(grayscale=True)).eval()


def tiny_card(network: DualStreamFER, name: str = "tiny") -> Card:
    """A filled-in card for it."""
    return Card(
        name=name,
        architecture=network.config,
        preprocessing=network.preprocessing,
        created="2026-01-01",
        metrics={"accuracy": 0.5},
        training={"data": "none", "seed": 0},
        licence="for tests",
        citation="nobody",
    )


def tiny_checkpoint(path: Path, name: str = "tiny", seed: int = 0) -> Path:
    """Write a loadable checkpoint and return its path."""
    network = tiny_network(seed)
    checkpoint.save(path, network, tiny_card(network, name))
    return path
