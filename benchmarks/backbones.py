"""Which image backbone for `live`: held-out accuracy after a short equal training, and ms.

    python -m benchmarks.backbones --data ferplus:DIR --efficientnet-weights FILE
        --mobilefacenet-weights FILE --mobilenet-weights FILE [--pictures 3000] [--epochs 3]

Every candidate has the geometry stream, trains on the same pictures in the same order and with the
rates of the shipped checkpoint; 1,300 others of the training part judge it. PublicTest is not
touched. Prints one row per candidate.
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
from ferdesk.model.config import LIVE, ImageBackbone
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
    parser.add_argument("--efficientnet-weights", type=Path, help="ImageNet")
    parser.add_argument("--mobilefacenet-weights", type=Path, help="68 landmarks")
    parser.add_argument("--mobilenet-weights", type=Path, help="faceres-deep.json, VGGFace2")
    parser.add_argument("--sizes", type=int, nargs="+", default=[80, 112], help="pixels")
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(args.threads)
    data = load_split(prepare(args.data, args.cache), "train")
    train, watch = parts(data, args.pictures)
    candidates: dict[ImageBackbone, Path | None] = {
        "efficientnet_lite0": args.efficientnet_weights,
        "mobilefacenet": args.mobilefacenet_weights,
        "mobilenet": args.mobilenet_weights,
    }
    sys.stdout.write(
        f"{'candidate':26} {'accuracy':>8} {'mean class':>10} "
        f"{'ms 1 t':>7} {'ms 2 t':>7} {'pictures/s':>10}\n"
    )
    given = [(kind, file) for kind, file in candidates.items() if file]
    for kind, weights in given:
        for size in args.sizes:
            torch.manual_seed(0)
            config = TrainConfig(
                epochs=args.epochs, threads=args.threads, lr_backbone=5e-4, lr_head=1e-3
            )
            network = DualStreamFER(
                replace(LIVE, image_backbone=kind, image_size=size), preprocessing_for(kind, config)
            )
            load_backbone_weights(network.image_backbone, kind, weights)
            start = time.perf_counter()
            trained = train_short(network, config, train, watch)
            seconds = time.perf_counter() - start
            result = measure(predict(trained, watch, torch.device("cpu")).final, watch.labels)
            sys.stdout.write(
                f"{f'{kind} at {size} px':26} {result.accuracy:8.3f} "
                f"{result.mean_class_accuracy:10.3f} "
                f"{milliseconds(trained, 1):7.2f} {milliseconds(trained, 2):7.2f} "
                f"{args.pictures * args.epochs / seconds:10.1f}\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
