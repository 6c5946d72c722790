"""evaluate: measure a checkpoint on one part of a data set."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jsonargparse import ArgumentParser, Namespace
from numpy.typing import NDArray

from ferdesk.model import checkpoint
from ferdesk.model.checkpoint import Card
from ferdesk.model.face_geometry import mirrored
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import Purified, averaged
from trainer.commands.options import CACHE_HELP, command_parser
from trainer.data.examples import Split
from trainer.data.packed import PackedSet, load_split
from trainer.data.sets import prepare
from trainer.measure.answers import predict
from trainer.measure.metrics import (
    DISTRIBUTIONS,
    auroc,
    calibration_error,
    confusion,
    entropy,
    measure,
    risk_coverage,
    spearman,
    wilson,
)

_MAJORITY = 0.5


def parser() -> ArgumentParser:
    """The arguments of `evaluate`."""
    evaluate = command_parser("Measure a checkpoint on one part of a data set.")
    evaluate.add_argument("checkpoint", type=Path, help="file to measure")
    evaluate.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    evaluate.add_argument(
        "--split",
        type=str,
        default="valid",
        choices=("train", "valid", "test"),
        help="part of the data set",
    )
    evaluate.add_argument("--cache", type=Path, default=Path(".cache"), help=CACHE_HELP)
    evaluate.add_argument(
        "--align", type=bool | None, default=None, help="crop by landmarks; default: by layout"
    )
    evaluate.add_argument("--json", action="store_true", help="the figures as JSON")
    return evaluate


def run(options: Namespace) -> None:
    """Print the figures, as JSON or as a table."""
    result = evaluate(options.checkpoint, options.data, options.split, options.cache, options.align)
    sys.stdout.write(json.dumps(result) + "\n" if options.json else evaluation_text(result))


def evaluate(
    path: Path, data: str, split: Split, cache: Path, align: bool | None = None
) -> dict[str, Any]:
    """Metrics of every distribution, as the JSON that `evaluate --json` prints.

    `final` is the probability that the app shows, so calibrated where the card has a calibration;
    `raw` is what the network gave. Interval (Wilson, 95 %), confusion (rows the truth) and
    risk-coverage are those of `final`.
    """
    network, card = checkpoint.load(path)
    wanted = card.architecture.takes_geometry or card.reliability is not None
    folder = prepare(data, cache, align, geometry=wanted)
    part = load_split(folder, split)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    out = predict(network.to(device), part, device)
    if card.mirror:
        there = replace(
            part, crops=part.crops[:, :, ::-1], geometry=mirrored(part.shapes()).astype(np.float16)
        )
        out = averaged(out, predict(network, there, device))
    result: dict[str, Any] = {
        "checkpoint": path.name,
        "data": data.partition(":")[0],
        "split": split,
    }
    for name in DISTRIBUTIONS:
        result[name] = measure(getattr(out, name), part.labels).to_json()
    result["raw"] = result["final"]
    shown = out.final
    if card.calibration is not None:
        shown = card.calibration.apply(out.final)
        result["final"] = measure(shown, part.labels).to_json()
    result.update(result["final"])
    correct = shown.argmax(axis=1) == part.labels
    result["accuracy_interval"] = wilson(int(correct.sum()), len(correct))
    result["confusion"] = confusion(shown, part.labels).tolist()
    curve = risk_coverage(shown.max(axis=1), correct)
    result["risk_coverage"] = {"points": curve.points, "aurc": curve.aurc}
    result["n_aligned"] = int(part.aligned.sum())
    result["rules"] = label_rules(shown, part)
    result["spearman_of_entropies"] = spearman(entropy(shown), entropy(part.targets))
    if card.architecture.witness != "none":
        result["p_lm"] = measure(out.p_lm, part.labels).to_json()
    if card.reliability is not None and card.calibration is not None:
        result.update(reliability_of(card, part, out))
    return result


def label_rules(shown: NDArray[np.float32], part: PackedSet) -> dict[str, Any]:
    """The same answers against the plurality's label, and only where more than half agree on it.

    Shares are of the votes for the seven expressions.
    """
    agreed = part.targets.max(axis=1) > _MAJORITY
    return {
        "plurality": measure(shown, part.labels).to_json(),
        "majority": measure(shown[agreed], part.labels[agreed]).to_json() if agreed.any() else None,
    }


def reliability_of(
    card: Card, part: PackedSet, out: Purified[NDArray[np.float32]]
) -> dict[str, Any]:
    """What the card's reliability is worth on the faces that were found, and its promise.

    `promise` has a row of the card's table each: threshold, promised bound, and the coverage and
    share of wrong labels measured here.
    """
    from trainer.confidence.observed import Observed, features_of, part_of, pictures_of
    from trainer.confidence.promise import kept

    calibration, model = card.calibration, card.reliability
    assert calibration is not None
    assert model is not None
    faces = part_of(part)
    answers = Observed(
        "", out, pictures_of(part.crops, card.preprocessing.detail), faces.poses[:, 3],
        faces.found,
    )  # fmt: skip
    shown = calibration.apply(out.final)
    right = (shown.argmax(axis=1) == part.labels)[faces.found]
    chances = model.predict(features_of(answers, faces, calibration))
    winner = shown.max(axis=1)[faces.found]
    found: dict[str, Any] = {
        "n": int(faces.found.sum()),
        "auroc": auroc(chances, right),
        "auroc_of_winner": auroc(winner, right),
        "aurc": risk_coverage(chances, right).aurc,
        "aurc_of_winner": risk_coverage(winner, right).aurc,
        "ece": calibration_error(chances, right),
    }
    promise = [] if card.risk_coverage is None else kept(card.risk_coverage, chances, right)
    return {"reliability": found, "promise": promise}


def evaluation_text(result: dict[str, Any]) -> str:
    """The evaluation as a table for people."""
    lines = [f"{result['checkpoint']} on {result['data']} {result['split']}: n = {result['n']}\n"]
    lines.append(f"{'':6} {'accuracy':>9} {'mean class':>11} {'macro F1':>9} {'ECE':>7}\n")
    for name in ("final", "raw", *DISTRIBUTIONS[1:]):
        m = result[name]
        lines.append(
            f"{name:6} {m['accuracy']:9.4f} {m['mean_class_accuracy']:11.4f} "
            f"{m['macro_f1']:9.4f} {m['ece']:7.4f}\n"
        )
    low, high = result["accuracy_interval"]
    lines.append(f"final is right between {low:.4f} and {high:.4f} (95 %)\n")
    lines += _more_lines(result)
    lines.append("recall of final: ")
    lines.append(", ".join(f"{k} {v:.3f}" for k, v in result["final"]["per_class"].items()))
    lines.append("\n\nconfusion of final, rows the truth:\n" + " " * 10)
    lines.append("".join(f"{name[:9]:>10}" for name in EXPRESSIONS) + "\n")
    for name, row in zip(EXPRESSIONS, result["confusion"], strict=True):
        lines.append(f"{name:10}" + "".join(f"{count:10}" for count in row) + "\n")
    return "".join(lines)


def _more_lines(result: dict[str, Any]) -> list[str]:
    """Label rules, entropies, the reliability and its promise."""
    lines = []
    majority = result["rules"]["majority"]
    if majority is not None:
        lines.append(
            f"where more than half agree (n = {majority['n']}): accuracy "
            f"{majority['accuracy']:.4f}, mean class {majority['mean_class_accuracy']:.4f}\n"
        )
    if "p_lm" in result:
        lines.append(f"landmarks alone: accuracy {result['p_lm']['accuracy']:.4f}\n")
    lines.append(
        f"Spearman of the entropies, answers and votes: {result['spearman_of_entropies']:.3f}\n"
    )
    if "reliability" in result:
        told = result["reliability"]
        lines.append(
            f"reliability: AUROC {told['auroc']:.4f} (probability alone "
            f"{told['auroc_of_winner']:.4f}), AURC {told['aurc']:.4f} "
            f"({told['aurc_of_winner']:.4f}), ECE {told['ece']:.4f}\n"
        )
        lines.append(f"{'reliability from':>16} {'promised':>9} {'labelled':>9} {'wrong':>7}\n")
        lines += [
            f"{row['threshold']:16.3f} {row['promised']:9.4f} {row['coverage']:9.4f} "
            f"{row['error']:7.4f}{'  broken' if row['error'] > row['promised'] else ''}\n"
            for row in result["promise"]
        ]
    return lines
