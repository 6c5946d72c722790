"""What the trainer's commands do."""

from __future__ import annotations

import datetime
import json
import logging
import platform
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ferdesk.errors import FerdeskError
from ferdesk.model import checkpoint
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import ARCHITECTURES, Preprocessing
from ferdesk.model.network import DualStreamFER
from ferdesk.model.weights import load_backbone_weights, read_state_dict
from trainer.config import TrainConfig
from trainer.data.packed import load_split
from trainer.data.sets import prepare
from trainer.evaluate import predict
from trainer.loop import Trainer
from trainer.metrics import measure
from trainer.modelcard import render
from trainer.plots import write_plot
from trainer.split import hold_out

log = logging.getLogger(__name__)

_MEAN_STD = {
    "efficientnet_lite0": ((127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),
    "mobilefacenet": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
}
"""What the published weights of each backbone were trained on; others: (x - 127.5)/127.5."""

_LICENCES = {
    "ferplus": "Research and demonstration: trained on FER2013 pictures, which carry no licence to "
    "redistribute; FER+ votes are MIT (Microsoft).",
}


def prepare_data(data: str, cache: Path) -> None:
    """Pack the data set and say how many pictures each part and class has."""
    folder = prepare(data, cache)
    for split in ("train", "valid", "test"):
        try:
            part = load_split(folder, split)
        except FerdeskError:
            continue
        log.info(
            "%s: %d pictures, %.1f %% aligned by landmarks, per class %s",
            split, len(part), 100 * part.aligned.mean(),
            np.bincount(part.labels, minlength=7).tolist(),
        )  # fmt: skip


def build_network(config: TrainConfig) -> DualStreamFER:
    """A network of the configured architecture with its published weights loaded."""
    if config.architecture not in ARCHITECTURES:
        raise FerdeskError(
            f"There is no architecture '{config.architecture}'; choose one of "
            f"{', '.join(ARCHITECTURES)}."
        )
    architecture = ARCHITECTURES[config.architecture]
    mean, std = _MEAN_STD.get(architecture.image_backbone, ((127.5,) * 3, (127.5,) * 3))
    network = DualStreamFER(
        architecture,
        Preprocessing(
            grayscale=config.grayscale, detail=config.detail, image_mean=mean, image_std=std
        ),
    )
    for stream, kind, path in (
        ("landmark", architecture.landmark_backbone, config.landmark_weights),
        ("image", architecture.image_backbone, config.image_weights),
    ):
        if path:
            backbone = getattr(network, f"{stream}_backbone")
            report = load_backbone_weights(backbone, kind, Path(path).expanduser())
            log.info("%s stream: %s", stream, report)
        else:
            log.warning("the %s stream starts from random weights", stream)
    return network


def train(config: TrainConfig, run: Path, cache: Path) -> None:
    """Train, or go on training, and write ``<run>/model.safetensors``."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    run.mkdir(parents=True, exist_ok=True)
    data = load_split(prepare(config.data, cache), "train")
    training, held = hold_out(data, config.holdout, config.seed)
    log.info("training on %d pictures, watching %d", len(training), len(held))
    trainer = Trainer(build_network(config), training, held, config, run)
    if not trainer.resume():
        (run / "config.json").write_text(json.dumps(asdict(config), indent=2))
        (run / "log.jsonl").unlink(missing_ok=True)
    network = trainer.run()
    watched = predict(network, held, trainer.device)
    layout = config.data.partition(":")[0]
    card = Card(
        name=config.name,
        architecture=network.config,
        preprocessing=network.preprocessing,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        metrics={"held_out_accuracy": measure(watched.final, held.labels).accuracy},
        training={
            "data": layout,
            "training_pictures": len(training),
            "held_out_pictures": len(held),
            "aligned_share": round(float(data.aligned.mean()), 4),
            "labels": "crowd votes as soft targets" if layout == "ferplus" else "as given",
            "epochs": config.epochs,
            "batch_size": config.batch_size,
            "seed": config.seed,
            "sampler": "full",
            "image_weights": Path(config.image_weights).name or "none",
            "landmark_weights": Path(config.landmark_weights).name or "none",
            "hours": round(trainer.hours, 2),
            "hardware": f"{trainer.device.type}, {config.threads} threads, {platform.machine()}",
            "torch": version("torch"),
        },
        licence=_LICENCES.get(layout, ""),
        notes=config.notes,
        citation="Y. Sun, Facial Expression Recognition Method Based on Dynamic Weighted Attention "
        "and Noise Label Optimization, 2025",
    )
    checkpoint.save(run / "model.safetensors", network.cpu(), card)
    log.info("wrote %s", run / "model.safetensors")


def evaluate(path: Path, data: str, split: str, cache: Path) -> dict[str, Any]:
    """Metrics of every distribution, as the JSON that `evaluate --json` prints.

    `final` is the probability that the app shows, so calibrated where the card has a calibration;
    `raw` is what the network gave.
    """
    network, card = checkpoint.load(path)
    part = load_split(prepare(data, cache), split)  # type: ignore[arg-type]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    out = predict(network.to(device), part, device)
    result: dict[str, Any] = {
        "checkpoint": path.name,
        "data": data.partition(":")[0],
        "split": split,
    }
    for name in ("final", "p", "t_g", "t_a", "t"):
        result[name] = measure(getattr(out, name), part.labels).to_json()
    result["raw"] = result["final"]
    if card.calibration is not None:
        shown = card.calibration.apply(out.final)
        result["final"] = measure(shown, part.labels).to_json()
    result.update(result["final"])
    result["n_aligned"] = int(part.aligned.sum())
    return result


def evaluation_text(result: dict[str, Any]) -> str:
    """The evaluation as a table for people."""
    lines = [f"{result['checkpoint']} on {result['data']} {result['split']}: n = {result['n']}\n"]
    lines.append(f"{'':6} {'accuracy':>9} {'mean class':>11} {'macro F1':>9} {'ECE':>7}\n")
    for name in ("final", "raw", "p", "t_g", "t_a", "t"):
        m = result[name]
        lines.append(
            f"{name:6} {m['accuracy']:9.4f} {m['mean_class_accuracy']:11.4f} "
            f"{m['macro_f1']:9.4f} {m['ece']:7.4f}\n"
        )
    lines.append("recall of final: ")
    lines.append(", ".join(f"{k} {v:.3f}" for k, v in result["final"]["per_class"].items()))
    return "".join(lines) + "\n"


def write_card(path: Path, out: Path) -> None:
    """Render MODEL_CARD.md, and its plot beside it, from the card inside a checkpoint."""
    card = checkpoint.read_card(path)
    out.parent.mkdir(parents=True, exist_ok=True)
    plot = out.with_name(f"{out.stem.lower()}.svg")
    drawn = write_plot(card, plot)
    out.write_text(render(card, path.name, plot.name if drawn else ""))
    log.info("wrote %s%s", out, f" and {plot}" if drawn else "")


def convert(weights: Path, like: Path, out: Path) -> None:
    """A plain state dict becomes a checkpoint with the card of `like`, without its measurements."""
    card = checkpoint.read_card(like)
    card = replace(
        card,
        name=weights.stem,
        metrics={},
        tables={},
        training={},
        calibration=None,
        reliability=None,
        risk_coverage=None,
        notes=f"Converted from {weights.name}; its training is not known.",
    )
    network = checkpoint.build(card, read_state_dict(weights), weights)
    checkpoint.save(out, network, card)
    log.info("wrote %s", out)
