"""How landmarks should enter `live`: as tokens through DWMCA, as a witness in APCL, or both.

    python -m benchmarks.landmark_streams --data ferplus:DIR --image-weights FILE
        [--pictures 5000] [--epochs 4] [--size 56]

Every candidate trains on the same pictures in the same order; 3,000 others of the training part
judge it. PublicTest is not touched. Prints one row a candidate: accuracy of L_final and of the
witness, and how well right answers are told from wrong ones (AUROC, five-fold cross-validated) by
the winner's log odds alone and with what the witness gives the label.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.short_training import parts, train_short
from trainer.confidence.reliability import logistic
from trainer.config import NetworkChanges, TrainConfig
from trainer.data.packed import load_split
from trainer.data.sets import prepare
from trainer.measure.answers import predict
from trainer.measure.metrics import auroc, measure
from trainer.methods.build import build_network

WATCHED = 3000
FOLDS = 5
CANDIDATES = {
    "no landmarks (witness beside)": NetworkChanges(landmark_backbone="none", witness="apart"),
    "tokens through DWMCA": NetworkChanges(landmark_backbone="geometry", witness="apart"),
    "witness as a correction": NetworkChanges(landmark_backbone="none", witness="correction"),
    "both": NetworkChanges(landmark_backbone="geometry", witness="correction"),
}


def told_apart(columns: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """AUROC of a logistic regression of (N, K) columns, cross-validated."""
    fold = np.random.default_rng(0).permutation(len(right)) % FOLDS
    score = np.empty(len(right))
    for number in range(FOLDS):
        inside = fold == number
        fitted = logistic(columns[~inside], right[~inside], np.ones(int((~inside).sum())))
        score[inside] = columns[inside] @ fitted[1:] + fitted[0]
    return auroc(score, right)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--image-weights", required=True)
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--size", type=int, default=56)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="candidates whose name contains this")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.set_num_threads(args.threads)
    data = load_split(prepare(args.data, args.cache, geometry=True), "train")
    train, watch = parts(data, args.pictures, WATCHED)
    sys.stdout.write(
        f"{'candidate':30} {'accuracy':>8} {'mean class':>10} {'witness':>8} "
        f"{'AUROC':>6} {'with witness':>12} {'seconds':>8}\n"
    )
    for name, changes in CANDIDATES.items():
        if args.only not in name:
            continue
        torch.manual_seed(0)
        sized = NetworkChanges(**{**vars(changes), "image_size": args.size})
        config = TrainConfig(
            epochs=args.epochs, threads=args.threads, network=sized,
            image_weights=args.image_weights,
        )  # fmt: skip
        start = time.perf_counter()
        trained = train_short(build_network(config), config, train, watch)
        seconds = time.perf_counter() - start
        out = predict(trained, watch, torch.device("cpu"))
        result = measure(out.final, watch.labels)
        label = out.final.argmax(axis=1)
        rows = np.arange(len(label))
        first = out.final[rows, label].astype(np.float64)
        winner = np.log(first / np.maximum(1 - first, 1e-6))
        given = np.log(np.maximum(out.p_lm[rows, label].astype(np.float64), 1e-6))
        right = label == watch.labels
        sys.stdout.write(
            f"{name:30} {result.accuracy:8.4f} {result.mean_class_accuracy:10.4f} "
            f"{measure(out.p_lm, watch.labels).accuracy:8.4f} "
            f"{told_apart(winner[:, None], right):6.3f} "
            f"{told_apart(np.column_stack([winner, given]), right):12.3f} {seconds:8.0f}\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
