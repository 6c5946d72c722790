"""Small networks and checkpoint files, made on the fly."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ferdesk.model import checkpoint
from ferdesk.model.calibration import Calibration
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import TINY, ArchitectureConfig, Preprocessing
from ferdesk.model.network import DualStreamFER
from ferdesk.model.reliability import ReliabilityModel, RiskCoverage, RiskRow, Term, Usual


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


def calibrated(card: Card) -> Card:
    """The card with a calibration, a reliability model and a risk-coverage table."""
    return replace(
        card,
        calibration=Calibration(temperature=0.8, set_threshold=0.15),
        reliability=ReliabilityModel(
            1.5,
            (Term("winner", 0.7, -1.0, 5.0), Term("sharpness", 0.4, -2.5, -1.0)),
            (Usual("yaw", 0.0, 30.0),),
        ),
        risk_coverage=RiskCoverage((RiskRow(0.0, 1.0, 0.2), RiskRow(0.6, 0.5, 0.05))),
    )


def tiny_checkpoint(path: Path, name: str = "tiny", seed: int = 0) -> Path:
    """Write a loadable checkpoint and return its path."""
    network = tiny_network(seed)
    checkpoint.save(path, network, tiny_card(network, name))
    return path


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The parsed header of a .safetensors file and the bytes of its tensors."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: dict[str, Any] | str, tensors: bytes) -> bytes:
    """The inverse of :func:`split`; a header that is text is taken as it is."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text)) + text + tensors


def edit_card(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite the card in the header and leave the weights as they are."""
    header, tensors = split(path.read_bytes())
    card = json.loads(header["__metadata__"]["ferdesk"])
    change(card)
    header["__metadata__"]["ferdesk"] = json.dumps(card)
    path.write_bytes(joined(header, tensors))
