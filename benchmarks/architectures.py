"""Parameters and milliseconds of each architecture on each device of this machine.

    python -m benchmarks.architectures [--threads 2] [--repeat 50]

Weights are random: time does not depend on them. One aligned crop at a time, uint8 in, `Purified`
out, median; devices take turns so that a machine that changes speed treats them alike.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np

from ferdesk.model.checkpoint import Card
from ferdesk.model.config import LIVE, PAPER, Preprocessing
from ferdesk.model.devices import available_devices
from ferdesk.model.network import DualStreamFER
from ferdesk.model.predictor import Predictor

ROUNDS = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=50)
    args = parser.parse_args()
    devices = [device.key for device in available_devices() if device.available]
    crop = np.zeros((1, 112, 112, 3), np.uint8)
    sys.stdout.write(f"{'architecture':12} {'parameters':>12}  ms a face, {args.threads} threads\n")
    for architecture in (LIVE, PAPER):
        grey = architecture is LIVE
        network = DualStreamFER(architecture, Preprocessing(grayscale=grey, detail=56 * grey))
        card = Card(architecture.name, architecture, network.preprocessing)
        predictors = {
            key: Predictor.of_network(network, card, key, args.threads) for key in devices
        }
        times: dict[str, list[float]] = {key: [] for key in devices}
        for _ in range(ROUNDS):
            for key, predictor in predictors.items():
                for _ in range(max(1, args.repeat // ROUNDS)):
                    start = time.perf_counter()
                    predictor.predict(crop)
                    times[key].append((time.perf_counter() - start) * 1e3)
        shown = "   ".join(f"{key} {statistics.median(v):.1f}" for key, v in times.items())
        count, _ = network.parameter_count()
        sys.stdout.write(f"{architecture.name:12} {count:12,}  {shown}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
