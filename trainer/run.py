"""One run, from pictures to a checkpoint that the app opens."""

from __future__ import annotations

import datetime
import logging
import platform
from contextlib import nullcontext
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch

from ferdesk.model import checkpoint
from ferdesk.model.checkpoint import Card
from trainer.config import TrainConfig
from trainer.files import save_torch
from trainer.measure.summary import pretraining
from trainer.methods import build_method
from trainer.methods.ours import Ours
from trainer.training.distributed import world
from trainer.training.loop import Trainer
from trainer.training.progress import Progress, ProgressKind
from trainer.training.run_data import RunData, run_data
from trainer.training.run_folder import RunFolder

log = logging.getLogger(__name__)


_LICENCES = {
    "ferplus": "Research and demonstration: trained on FER2013 pictures, which carry no licence to "
    "redistribute; FER+ votes are MIT (Microsoft).",
    "fer2013": "Research and demonstration: trained on FER2013 pictures, which carry no licence to "
    "redistribute.",
    "rafdb": "Research only: trained on RAF-DB, whose licence forbids commercial use.",
}


def train(
    config: TrainConfig,
    run: Path,
    cache: Path,
    progress: ProgressKind = "auto",
    label: str = "",
) -> None:
    """Train, or go on training, until ``<run>/model.safetensors`` and the report are there.

    `label` names the run in its progress where others run beside it.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    with (
        world() as processes,
        Progress(progress if processes.first else "none", label=label) as shown,
        RunFolder(run).claimed() if processes.first else nullcontext(),
    ):
        folder = RunFolder(run)
        data = run_data(config, cache)
        method = build_method(config, len(data.sets.training))
        trainer = Trainer(method, data.sets, config, run, processes, shown)
        resumed = trainer.resume()
        if processes.first and not resumed:
            folder.begin(config, data, trainer.device)
        trainer.run()
        if processes.first:
            _finish(trainer, data, folder, cache)


def _finish(trainer: Trainer, data: RunData, folder: RunFolder, cache: Path) -> None:
    """Predictions, figures of the purification, the checkpoint and the report.

    Only `ours` makes a checkpoint for the app; other methods leave plain weights.
    """
    from trainer.report import write_report

    folder.write_predictions(trainer, data)
    method = trainer.averaged()
    if isinstance(method, Ours):
        card = _card(trainer, data)
        checkpoint.save(folder.path / "model.safetensors", method.network.cpu(), card)
        log.info("wrote %s", folder.path / "model.safetensors")
    else:
        save_torch(folder.path / "weights.pt", {"network": method.network.state_dict()})
    write_report(folder.path, cache)


def _before(config: TrainConfig) -> dict[str, str]:
    """What the checkpoint that this run continues says of its own training."""
    if not config.start_from:
        return {}
    earlier = checkpoint.read_card(Path(config.start_from).expanduser()).training
    keys = ("epochs", "sampler", "pretraining", "image_weights", "landmark_weights", "hours")
    return {"before": "; ".join(f"{key} {earlier[key]}" for key in keys if key in earlier)}


def _teachers(config: TrainConfig) -> dict[str, str]:
    """Which checkpoints taught the run, and how they came about themselves."""
    told = []
    for file in config.teacher:
        card = checkpoint.read_card(Path(file).expanduser())
        keys = ("epochs", "seed", "pretraining", "hours")
        facts = ", ".join(f"{key} {card.training[key]}" for key in keys if key in card.training)
        told.append(f"{card.name} ({card.sha256[:12] or 'no hash'}; {facts})")
    return {"teachers": "; ".join(told)} if told else {}


def _card(trainer: Trainer, data: RunData) -> Card:
    config, sets = trainer.config, data.sets
    layout = config.data.partition(":")[0]
    noise = "none"
    if data.noise is not None:
        noise = f"{config.noise.kind}, {data.noise.realised_rate:.4f} of the labels wrong"
    metrics = {}
    if len(sets.held_out):
        watched = trainer.answers_on(sets.held_out).metrics()["final"]
        metrics["held_out_accuracy"] = watched.accuracy
    assert isinstance(trainer.method, Ours)
    network = trainer.method.network
    return Card(
        name=config.name,
        architecture=network.config,
        preprocessing=network.preprocessing,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        metrics=metrics,
        training={
            "data": layout,
            "training_pictures": len(sets.training),
            "held_out_pictures": len(sets.held_out),
            "aligned_share": round(float(sets.training.aligned.mean()), 4),
            "labels": "crowd votes as soft targets" if data.soft else "one label per picture",
            "noise": noise,
            "epochs": config.epochs,
            "batch_size": config.batch_size,
            "seed": config.seed,
            "sampler": config.sampler,
            "pretraining": pretraining(asdict(config)),
            **_before(config),
            **_teachers(config),
            "hours": round(trainer.hours, 2),
            "hardware": f"{trainer.device.type}, {config.threads} threads, {platform.machine()}",
            "torch": version("torch"),
        },
        licence=_LICENCES.get(layout, ""),
        notes=config.notes,
        citation="Y. Sun, Facial Expression Recognition Method Based on Dynamic Weighted Attention "
        "and Noise Label Optimization, 2025",
    )
