"""Which light image backbone for `live`: held-out accuracy after a short equal training, and ms.

    python -m benchmarks.backbones --data ferplus:DIR --landmark-weights FILE
        --efficientnet-weights FILE [--pictures 4000] [--epochs 2]

Every candidate trains on the same pictures in the same order; 1,300 others of the training part
judge it. PublicTest is not touched. Prints one row per candidate.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.short_training import parts, train_short
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import LIVE_MOBILEFACENET, ArchitectureConfig
from ferdesk.model.network import DualStreamFER
from ferdesk.model.predictor import Predictor
from ferdesk.model.weights import load_backbone_weights
from trainer.config import TrainConfig
from trainer.data.packed import load_split
from trainer.data.sets import prepare
from trainer.measure.answers import predict
from trainer.measure.metrics import measure
from trainer.methods.build import preprocessing_for


def milliseconds(network: DualStreamFER, threads: int) -> float:
    """Median of 100 single crops on OpenVINO."""
    card = Card("candidate", network.config, network.preprocessing)
    predictor = Predictor.of_network(network, card, "openvino", threads)
    crop = np.zeros((1, 112, 112, 3), np.uint8)
    times = []
    for _ in range(100):
        start = time.perf_counter()
        predictor.predict(crop)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--landmark-weights", type=Path, required=True)
    parser.add_argument("--efficientnet-weights", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="candidates whose name contains this")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(args.threads)
    data = load_split(prepare(args.data, args.cache), "train")
    train, watch = parts(data, args.pictures)
    candidates: dict[str, tuple[ArchitectureConfig, Path]] = {
        "efficientnet_lite0 + landmarks at 80 px": (LIVE_MOBILEFACENET, args.efficientnet_weights),
        "efficientnet_lite0 + landmarks at 112 px": (
            replace(LIVE_MOBILEFACENET, landmark_size=112), args.efficientnet_weights,
        ),
        "mobilefacenet + landmarks at 80 px": (
            replace(LIVE_MOBILEFACENET, image_backbone="mobilefacenet"), args.landmark_weights,
        ),
    }  # fmt: skip
    sys.stdout.write(
        f"{'candidate':42} {'accuracy':>8} {'mean class':>10} "
        f"{'ms 1 t':>7} {'ms 2 t':>7} {'pictures/s':>10}\n"
    )
    for name, (architecture, weights) in candidates.items():
        if args.only not in name:
            continue
        torch.manual_seed(0)
        config = TrainConfig(epochs=args.epochs, threads=args.threads)
        network = DualStreamFER(
            architecture, preprocessing_for(architecture.image_backbone, config)
        )
        assert network.landmark_backbone is not None
        load_backbone_weights(network.landmark_backbone, "mobilefacenet", args.landmark_weights)
        load_backbone_weights(network.image_backbone, architecture.image_backbone, weights)
        start = time.perf_counter()
        trained = train_short(network, config, train, watch)
        seconds = time.perf_counter() - start
        result = measure(predict(trained, watch, torch.device("cpu")).final, watch.labels)
        sys.stdout.write(
            f"{name:42} {result.accuracy:8.3f} {result.mean_class_accuracy:10.3f} "
            f"{milliseconds(trained, 1):7.2f} {milliseconds(trained, 2):7.2f} "
            f"{args.pictures * args.epochs / seconds:10.1f}\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
