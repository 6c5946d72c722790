"""Aligned crops or whole pictures: which framing should training and the app share?

    python -m benchmarks.framing --data ferplus:DIR --landmark-weights FILE
        --image-weights FILE [--pictures 6000] [--epochs 2]

Trains `live` twice on the same pictures in the same order: once on the app's aligned crop, once on
the whole picture scaled to the crop, and judges both on other pictures of the training part, in
either framing. PublicTest is not touched. Aligned crops of pictures without a found face are whole
pictures too; they are counted and judged apart.
"""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.short_training import parts, train_short
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet, load_split, read_picture
from trainer.data.sets import prepare, read_examples
from trainer.measure.answers import predict
from trainer.measure.metrics import measure
from trainer.methods.build import build_network


def whole(data: PackedSet, paths: dict[str, Path]) -> PackedSet:
    """The same pictures, scaled as a whole to the edge of the crop."""
    edge = data.crops.shape[1]
    crops = np.empty(data.crops.shape, np.uint8)
    for i, name in enumerate(data.names):
        picture = read_picture(paths[name])
        assert picture is not None, name
        crops[i] = cv2.resize(picture, (edge, edge), interpolation=cv2.INTER_LINEAR)
    return PackedSet(crops, data.targets, data.names, data.aligned)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--landmark-weights", required=True)
    parser.add_argument("--image-weights", required=True)
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(args.threads)
    paths = {e.path.name: e.path for e in read_examples(args.data) if e.split == "train"}
    data = load_split(prepare(args.data, args.cache), "train")
    train, watch = parts(data, args.pictures)
    framings = {"aligned": (train, watch), "whole": (whole(train, paths), whole(watch, paths))}
    without = ~watch.aligned
    sys.stdout.write(
        f"{len(train)} pictures, {args.epochs} epochs; judged on {len(watch)}, "
        f"{int(without.sum())} of them without landmarks\n"
        f"{'trained on':12} {'judged on':12} {'accuracy':>9} {'mean class':>11} "
        f"{'without landmarks':>18}\n"
    )
    config = replace(
        TrainConfig(epochs=args.epochs, threads=args.threads),
        landmark_weights=args.landmark_weights,
        image_weights=args.image_weights,
    )
    for name, (pictures, own_watch) in framings.items():
        network = train_short(build_network(config), config, pictures, own_watch)
        for other, (_, judged) in framings.items():
            out = predict(network, judged, torch.device("cpu")).final
            result = measure(out, judged.labels)
            lost = measure(out[without], judged.labels[without]).accuracy if without.any() else 0.0
            sys.stdout.write(
                f"{name:12} {other:12} {result.accuracy:9.3f} "
                f"{result.mean_class_accuracy:11.3f} {lost:18.3f}\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
