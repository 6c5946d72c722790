"""What half precision costs and saves: bf16 against float32 on OpenVINO, same pictures, same run.

    python -m benchmarks.precision --data ferplus:DIR [--checkpoint FILE] [--threads 2]

Prints accuracy and mean-class accuracy of both on the valid split, the time of a face, how often
their labels differ and the largest difference of a probability. The time is the median over single
faces, crop and landmarks in, `Purified` out; the precisions take turns, so that a machine that
changes speed treats them alike. On CPUs without bf16 units OpenVINO emulates it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from ferdesk.model.checkpoint import load
from ferdesk.model.conversion import convert
from ferdesk.model.openvino_backend import OpenVinoBackend, Precision
from ferdesk.model.predictor import Predictor
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from trainer.data.packed import PackedSet, load_split
from trainer.data.sets import prepare
from trainer.measure.metrics import measure

_TIMED = 200
"""Faces whose time is taken, …"""
_ROUNDS = 5
"""… so many times by each precision."""


def milliseconds(predictors: dict[Precision, Predictor], data: PackedSet) -> dict[Precision, float]:
    """Median time of one face."""
    crops, shapes = np.array(data.crops[:_TIMED]), data.shapes(slice(0, _TIMED))
    times: dict[Precision, list[float]] = {precision: [] for precision in predictors}
    for _ in range(_ROUNDS):
        for precision, predictor in predictors.items():
            for i in range(len(crops)):
                begun = time.perf_counter()
                predictor.predict(crops[i : i + 1], shapes[i : i + 1])
                times[precision].append(time.perf_counter() - begun)
    return {precision: 1000 * statistics.median(taken) for precision, taken in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    network, card = load(args.checkpoint or asset(DEFAULT_CHECKPOINT))
    data = load_split(prepare(args.data, args.cache, geometry=True), "valid")
    crops, shapes = np.asarray(data.crops), data.shapes(slice(None))
    finals = {}
    precisions: tuple[Precision, ...] = ("f32", "bf16")
    models = convert(network)
    predictors = {
        precision: Predictor(OpenVinoBackend(models, args.threads, precision), card)
        for precision in precisions
    }
    took = milliseconds(predictors, data)
    for precision, predictor in predictors.items():
        final = predictor.predict(crops, shapes).final
        finals[precision] = final if card.calibration is None else card.calibration.apply(final)
        result = measure(finals[precision], data.labels)
        sys.stdout.write(
            f"{precision:5} accuracy {result.accuracy:.4f}  mean class "
            f"{result.mean_class_accuracy:.4f}  n {result.n}  {took[precision]:.2f} ms\n"
        )
    a, b = finals["f32"], finals["bf16"]
    differ = (a.argmax(axis=1) != b.argmax(axis=1)).mean()
    sys.stdout.write(
        f"labels differ on {100 * differ:.2f} %, probabilities by up to {np.abs(a - b).max():.3f}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
