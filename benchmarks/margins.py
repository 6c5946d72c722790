"""Which ranking finds wrong labels best: the audit's, its last epoch alone, or margins? In one run.

    python -m benchmarks.margins --preset compare --data ferplus:DIR --noise natural --folds 3 \
        --train.landmark_weights FILE --train.pictures 6000

The networks of an audit are trained once, and every ranking looks at the same epochs of the same
networks. "the audit's" is what `trainer audit` ranks by, purified[given] of the mean answer of all
epochs; under "last epoch" the last answer alone counts. The margin of a picture is
ln q[given] − ln max of the others, q being L_final; averaged over epochs of training on the picture
itself it is the area under the margin of Pleiss et al. (NeurIPS 2020). Each picture is trained on
by all networks but the one that judges it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.audit import ranking_table
from ferdesk.errors import FerdeskError
from trainer.audit.confident import find
from trainer.audit.folds import Pictures, assign_folds, pictures_of
from trainer.cli import with_preset
from trainer.commands.audit import audited
from trainer.commands.options import parsed, training_parser
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.measure.answers import Answers
from trainer.methods import build_method
from trainer.methods.base import Batch, Method, Step
from trainer.training.loop import Trainer
from trainer.training.run_data import TrainingData, as_trained

_LEAST = 1e-6
"""Of a probability, so that its logarithm is a number."""


def margins(q: NDArray[np.floating[Any]], given: NDArray[np.int64]) -> NDArray[np.float64]:
    """(N, 7), (N,) → (N,): ln q[given] − ln of the largest other."""
    logs = np.log(np.maximum(q.astype(np.float64), _LEAST))
    rows = np.arange(len(given))
    own = logs[rows, given]
    logs[rows, given] = -np.inf
    return np.asarray(own - logs.max(axis=1))


@dataclass(eq=False)
class Seen:
    """What the epochs of one fold say; sums over epochs."""

    trained_on: NDArray[np.float64]
    """(M,) margins in the steps of training."""
    times: NDArray[np.int64]
    """(M,) how often each picture was in a step."""
    left_out: list[NDArray[np.float32]] = field(default_factory=list)
    """One (K, 7) per epoch: L_final of the pictures left out."""


class WatchedTrainer(Trainer):
    """Keeps what is said of the held-out pictures after every epoch."""

    kept: list[NDArray[np.float32]]

    def answers_on(self, data: PackedSet) -> Answers:
        answers = super().answers_on(data)
        self.kept.append(np.asarray(answers.out.final, np.float32))
        return answers


def watch_fold(
    pictures: Pictures, others: NDArray[np.int64], left_out: NDArray[np.int64], config: TrainConfig
) -> Seen:
    """Train on `others`, and watch both parts in every epoch."""
    torch.manual_seed(config.seed)
    training, judged = (as_trained(pictures.take(rows), config) for rows in (others, left_out))
    seen = Seen(np.zeros(len(others)), np.zeros(len(others), np.int64))
    method = build_method(config, len(others))

    def look(_method: Method, arguments: tuple[Batch], step: Step) -> None:
        rows = arguments[0].rows.numpy()
        q = step.answer.float().numpy()
        seen.trained_on[rows] += margins(q, arguments[0].labels.numpy())
        seen.times[rows] += 1

    handle = method.register_forward_hook(look)
    data = TrainingData(training, pictures.clean[others], judged, None)
    with TemporaryDirectory() as folder:
        trainer = WatchedTrainer(method, data, config, Path(folder))
        trainer.kept = seen.left_out
        trainer.run()
    handle.remove()
    return seen


def rankings(
    pictures: Pictures, fold_of: NDArray[np.int64], seen: Sequence[Seen]
) -> dict[str, NDArray[np.float64]]:
    """(N,) by title; the pictures most likely to be labelled wrongly have the least."""
    given, count = pictures.given, len(pictures.rows)
    epochs = len(seen[0].left_out)
    answers = np.empty((epochs, count, pictures.targets.shape[1]), np.float32)
    total, times = np.zeros(count), np.zeros(count)
    for fold, part in enumerate(seen):
        answers[:, fold_of == fold] = np.stack(part.left_out)
        others = fold_of != fold
        total[others] += part.trained_on
        times[others] += part.times
    last, mean = answers[-1], answers.mean(axis=0)
    rows = np.arange(count)
    return {
        "last epoch: purified[given]": -find(last, given, pictures.groups).doubt,
        "the audit's: purified[given], mean of epochs": -find(mean, given, pictures.groups).doubt,
        "last epoch: L_final[given]": last[rows, given].astype(np.float64),
        "last epoch: margin": margins(last, given),
        "margin, mean of epochs": np.mean([margins(q, given) for q in answers], axis=0),
        "margin in training, mean (AUM)": total / np.maximum(times, 1),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = training_parser((__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=str, default="", help="LAYOUT:PATH")
    parser.add_argument("--noise", type=str, default="natural", help="a share, or natural (FER+)")
    parser.add_argument("--folds", type=int, default=3, help="parts the pictures are divided into")
    try:
        arguments = ["margins", *(sys.argv[1:] if argv is None else argv)]
        options = parsed(parser, with_preset(arguments)[1:])
        config = audited(options.train, options.data, options.noise)
        torch.set_num_threads(config.threads)
        pictures = pictures_of(config, options.cache)
        fold_of = assign_folds(pictures.given, pictures.groups, options.folds, config.seed)
        seen = []
        for fold in range(options.folds):
            sys.stderr.write(f"fold {fold + 1} of {options.folds}\n")
            others, left_out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            seen.append(watch_fold(pictures, others, left_out, config))
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    scores = rankings(pictures, fold_of, seen)
    orders = {title: np.argsort(score, kind="stable") for title, score in scores.items()}
    sys.stdout.write(ranking_table(orders, pictures.given != pictures.clean))
    return 0


if __name__ == "__main__":
    sys.exit(main())
