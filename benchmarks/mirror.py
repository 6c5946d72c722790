"""What averaging the answer over a face and its mirror image buys, and what it costs.

    python -m benchmarks.mirror [CHECKPOINT] --data ferplus:DIR [--cache FOLDER]

On the faces held out of the checkpoint's training that have no near-copy in it; PublicTest is not
touched. Either answer gets the temperature of least log loss on these faces. Then how well right
answers of the picture alone are told from wrong ones (AUROC, five-fold cross-validated): by the
winner's log odds and c_g, and with what the mirror image says of the label beside them. At last the
processor's time per call, for one face and for four.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.landmark_streams import told_apart
from ferdesk.bootstrap import prepare_environment
from ferdesk.model import calibration, checkpoint
from ferdesk.model.face_geometry import mirrored
from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.model.predictor import Predictor
from ferdesk.model.purified import Purified, averaged, concatenate
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from trainer.confidence.promise import independent
from trainer.data.hold_out import hold_out
from trainer.data.packed import PackedSet, load_split
from trainer.data.sets import prepare
from trainer.measure.metrics import measure

_CHUNK = 256
_CALLS = 300
_EVEN = np.full(NUM_EXPRESSIONS, 1 / NUM_EXPRESSIONS)
Answers = Purified[NDArray[np.float32]]


def answers(predictor: Predictor, data: PackedSet, mirror: bool) -> Answers:
    """What the network says of the set, or of its mirror images."""
    out = []
    for start in range(0, len(data), _CHUNK):
        rows = slice(start, start + _CHUNK)
        crops, geometry = np.array(data.crops[rows]), data.shapes(rows)
        if mirror:
            crops, geometry = np.ascontiguousarray(crops[:, :, ::-1]), mirrored(geometry)
        out.append(predictor.predict(crops, geometry))
    return concatenate(out)


def calibrated(final: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """With the temperature of least log loss."""
    return calibration.fit(final, labels, _EVEN).apply(final)


def odds(chances: NDArray[np.float32]) -> NDArray[np.float64]:
    winner = chances.max(axis=1).astype(np.float64)
    return np.log(winner) - np.log(np.maximum(1 - winner, 1e-6))


def milliseconds(predictor: Predictor, data: PackedSet, faces: int) -> float:
    """Median processor time per call."""
    crops, geometry = np.array(data.crops[:faces]), data.shapes(slice(0, faces))
    took = []
    for _ in range(_CALLS):
        begun = time.process_time()
        predictor.predict(crops, geometry)
        took.append(time.process_time() - begun)
    return 1000 * float(np.median(took))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=asset(DEFAULT_CHECKPOINT))
    parser.add_argument("--data", required=True)
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--holdout", type=float, default=0.17, help="as in the training")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    network, card = checkpoint.load(args.checkpoint)
    everything = load_split(prepare(args.data, args.cache, geometry=True), "train")
    trained, held = hold_out(everything, args.holdout, int(card.training.get("seed", 1)))
    held = held.take(independent(held, trained, everything))
    plain = Predictor.of_network(network, replace(card, mirror=False))
    here, there = (answers(plain, held, mirror) for mirror in (False, True))
    rows, labels = np.arange(len(held)), held.labels
    sys.stdout.write(f"{len(held)} held-out faces, {plain.device}\n")
    sys.stdout.write(f"{'answer':14} {'accuracy':>8} {'mean class':>10} {'log loss':>8}\n")
    shown = {}
    for name, told in (("face", here), ("mirror image", there), ("mean", averaged(here, there))):
        shown[name] = chances = calibrated(told.final, labels)
        result = measure(chances, labels)
        loss = -np.log(np.maximum(chances[rows, labels], 1e-8)).mean()
        sys.stdout.write(
            f"{name:14} {result.accuracy:8.4f} {result.mean_class_accuracy:10.4f} {loss:8.4f}\n"
        )
    face, other = shown["face"], shown["mirror image"]
    label = face.argmax(axis=1)
    right = label == labels
    base = [odds(face), here.c_g.astype(np.float64)]
    agrees = (other.argmax(axis=1) == label).astype(np.float64)
    gives = np.log(np.maximum(other[rows, label], 1e-6)).astype(np.float64)
    mean = shown["mean"]
    sys.stdout.write("AUROC of being right\n")
    for name, columns, correct in (
        ("face", base, right),
        ("face, and whether the mirror image agrees", [*base, agrees], right),
        ("face, and what the mirror image gives the label", [*base, gives], right),
        ("mean", [odds(mean)], mean.argmax(axis=1) == labels),
    ):
        sys.stdout.write(f"{name:50} {told_apart(np.column_stack(columns), correct):.4f}\n")
    both = Predictor.of_network(checkpoint.load(args.checkpoint)[0], replace(card, mirror=True))
    for faces in (1, 4):
        once, twice = (milliseconds(p, held, faces) for p in (plain, both))
        sys.stdout.write(f"{faces} face(s): {once:.2f} ms, with the mirror image {twice:.2f} ms\n")
    return 0


if __name__ == "__main__":
    prepare_environment()
    sys.exit(main())
