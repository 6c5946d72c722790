"""Does half precision cost accuracy? bf16 against float32 on OpenVINO, same pictures, same run.

    python -m benchmarks.precision --data ferplus:DIR [--checkpoint FILE]

Prints accuracy and mean-class accuracy of both on the valid split, how often their labels differ
and the largest difference of a probability. On CPUs without bf16 units OpenVINO emulates it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from ferdesk.model.checkpoint import load
from ferdesk.model.conversion import convert
from ferdesk.model.openvino_backend import OpenVinoBackend, Precision
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from trainer.data.packed import load_split
from trainer.data.sets import prepare
from trainer.measure.metrics import measure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--checkpoint", type=Path)
    args = parser.parse_args()
    network, card = load(args.checkpoint or asset(DEFAULT_CHECKPOINT))
    data = load_split(prepare(args.data, args.cache, geometry=True), "valid")
    crops, shapes = np.asarray(data.crops), data.shapes(slice(None))
    finals = {}
    precisions: tuple[Precision, ...] = ("f32", "bf16")
    for precision in precisions:
        backend = OpenVinoBackend(convert(network), 2, precision)
        final = backend.run(crops, shapes).final
        finals[precision] = final if card.calibration is None else card.calibration.apply(final)
        result = measure(finals[precision], data.labels)
        sys.stdout.write(
            f"{precision:5} accuracy {result.accuracy:.4f}  mean class "
            f"{result.mean_class_accuracy:.4f}  n {result.n}\n"
        )
    a, b = finals["f32"], finals["bf16"]
    differ = (a.argmax(axis=1) != b.argmax(axis=1)).mean()
    sys.stdout.write(
        f"labels differ on {100 * differ:.2f} %, probabilities by up to {np.abs(a - b).max():.3f}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
