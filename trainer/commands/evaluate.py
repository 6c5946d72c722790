"""evaluate: measure a checkpoint on one part of a data set."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from jsonargparse import ArgumentParser, Namespace

from ferdesk.model import checkpoint
from ferdesk.model.labels import EXPRESSIONS
from trainer.commands.options import CACHE_HELP, command_parser
from trainer.data.examples import Split
from trainer.data.packed import load_split
from trainer.data.sets import prepare
from trainer.measure.answers import predict
from trainer.measure.metrics import DISTRIBUTIONS, confusion, measure, risk_coverage, wilson


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
    part = load_split(prepare(data, cache, align), split)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    out = predict(network.to(device), part, device)
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
    return result


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
    lines.append("recall of final: ")
    lines.append(", ".join(f"{k} {v:.3f}" for k, v in result["final"]["per_class"].items()))
    lines.append("\n\nconfusion of final, rows the truth:\n" + " " * 10)
    lines.append("".join(f"{name[:9]:>10}" for name in EXPRESSIONS) + "\n")
    for name, row in zip(EXPRESSIONS, result["confusion"], strict=True):
        lines.append(f"{name:10}" + "".join(f"{count:10}" for count in row) + "\n")
    return "".join(lines)
