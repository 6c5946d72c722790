"""What the answer of a method costs: parameters, multiplications, time."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from ferdesk.files import write_json
from trainer.config import TrainConfig
from trainer.files import read_json

FILE = "cost.json"
"""Beside the run's other files."""
_BATCH = 32
_REPEATS = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one method on one device."""

    parameters: int
    """Of the part that answers, frozen ones included."""
    training_parameters: int
    """Of all that training keeps: branches that do not answer included."""
    macs: int
    """Multiplications with an addition for one crop, of convolutions and matrix products."""
    milliseconds: float
    """For one picture of a batch of 32 in evaluation mode; the median of five batches."""
    device: str


def read_cost(run: Path) -> Cost | None:
    """What `keep_cost` wrote; None without it or where another version did."""
    values = read_json(run / FILE)
    try:
        return None if values is None else Cost(**values)
    except TypeError:
        return None


def keep_cost(config: TrainConfig, run: Path) -> None:
    """Measure the method of a run and write ``cost.json`` unless it is there."""
    if not (run / FILE).is_file():
        write_json(run / FILE, asdict(measure_cost(config)))


def measure_cost(config: TrainConfig) -> Cost:
    """Builds the method as a run does. FerdeskError for missing weights."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    from ferdesk.vision.crop import CROP_SIZE
    from trainer.environment import device_name
    from trainer.methods import build_method

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    method = build_method(config, 1).to(device).eval()
    crops = 255 * torch.rand(_BATCH, 3, CROP_SIZE, CROP_SIZE, device=device)
    counter = FlopCounterMode(display=False)
    seconds = []
    with torch.no_grad():
        # The counter does not know the fused attention of every device.
        with sdpa_kernel(SDPBackend.MATH), counter:
            method.predict(crops[:1])
        for _ in range(1 + _REPEATS):
            started = time.perf_counter()
            # Copied back, so that a GPU is waited for.
            method.predict(crops).final.cpu()
            seconds.append(time.perf_counter() - started)
    return Cost(
        parameters=sum(p.numel() for p in method.network.parameters()),
        training_parameters=sum(p.numel() for p in method.parameters()),
        macs=counter.get_total_flops() // 2,
        milliseconds=1000 * median(seconds[1:]) / _BATCH,
        device=device_name(device),
    )
