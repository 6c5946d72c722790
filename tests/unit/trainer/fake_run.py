"""A run's folder as the loop writes it, made up: epochs get better, then memorise."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from safetensors.numpy import save_file

from ferdesk.model.labels import EXPRESSIONS
from trainer.config import NoiseConfig, TrainConfig
from trainer.measure.cost import Cost
from trainer.measure.metrics import measure
from trainer.measure.purification import purification_json

DISTRIBUTIONS = ("final", "p", "t_g", "t_a", "t")
SHARES = (0.36, 0.26, 0.12, 0.12, 0.08, 0.03, 0.03)


def metrics(accuracy: float, n: int = 200, **changes: Any) -> dict[str, Any]:
    """`Metrics.to_json` with made-up neighbours of one accuracy."""
    return {
        "n": n,
        "accuracy": accuracy,
        "mean_class_accuracy": accuracy - 0.1,
        "macro_f1": accuracy - 0.08,
        "ece": 0.05,
        "per_class": dict.fromkeys(EXPRESSIONS, accuracy),
        **changes,
    }


def epoch(number: int, accuracy: float, measured: bool = True, **more: Any) -> dict[str, Any]:
    """One line of the log in which `final` has this accuracy and p one point less."""
    part = {name: metrics(accuracy - 0.01 * (name != "final")) for name in DISTRIBUTIONS}
    line = {
        "epoch": number,
        "hours": 0.1 * number,
        "steps": 10,
        "pictures_per_second": 100.0 + number,
        "data_wait": 0.02,
        "train": {"loss": 2 / number, "cls": 1 / number, "agreement": 0.5},
        "held_out": part,
        "memory": {"fits_label": 0.5},
    }
    return {**line, **({"measured": part} if measured else {}), **more}


def write_log(run: Path, lines: list[dict[str, Any]]) -> None:
    """A run's folder with nothing but a configuration and these epochs."""
    run.mkdir(parents=True, exist_ok=True)
    write_config(run, TrainConfig(data="synthetic:9", epochs=len(lines), measure_on="test"))
    (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_config(run: Path, config: TrainConfig) -> None:
    """config.yaml as the trainer writes it."""
    run.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"train": dataclasses.asdict(config)}, sort_keys=False)
    (run / "config.yaml").write_text(text)


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return (e / e.sum(axis=1, keepdims=True)).astype(np.float32)


def _answers(
    labels: np.ndarray, skill: float, generator: np.random.Generator, given: np.ndarray
) -> dict[str, np.ndarray]:
    """Distributions that lean to the truth with `skill` and a little to the given label."""
    out = {}
    base = generator.normal(0, 1.0, (len(labels), 7))
    for name, factor in zip(DISTRIBUTIONS, (1.05, 1.0, 0.9, 0.8, 0.95), strict=True):
        scores = base + generator.normal(0, 0.3, base.shape)
        scores[np.arange(len(labels)), labels] += skill * factor
        scores[np.arange(len(labels)), given] += 0.9
        scores[labels == 6, 2] += 0.8
        out[name] = _softmax(1.4 * scores)
    return out


def write_run(
    run: Path,
    config: TrainConfig | None = None,
    *,
    done: int | None = None,
    pictures: int = 600,
    skill: float = 2.2,
    seed: int = 0,
) -> Path:
    """A whole run, or with `done` one that has so many epochs and no end yet."""
    config = config or TrainConfig(
        data="ferplus:/somewhere/fer", name="fake", epochs=12, measure_on="valid",
        noise=NoiseConfig("symmetric", 0.3), image_weights="/w/face.pth",
    )  # fmt: skip
    generator = np.random.default_rng(seed)
    noisy = config.noise.kind != "none"
    clean = generator.choice(7, pictures, p=SHARES)
    flip = (generator.random(pictures) < 0.3) & noisy
    given = np.where(flip, (clean + generator.integers(1, 7, pictures)) % 7, clean)
    truth = generator.choice(7, pictures // 2, p=SHARES)
    write_config(run, config)
    _write_json(run / "environment.json", {
        "ferdesk": "1.0", "torch": "2.9", "python": "3.11.2", "device": "cpu", "cpu": "A CPU",
        "threads": 2, "git": {"commit": "0123456789abcdef", "dirty": True}, "cuda": None,
    })  # fmt: skip
    _write_json(run / "data.json", {
        "layout": config.data.partition(":")[0], "folder": "fer", "sha256": "ab" * 32,
        "counts": {}, "aligned_share": 0.97, "unreadable": [], "duplicates": 3,
        "used": {"training": pictures, "held_out": 30, "measured": len(truth)},
    })  # fmt: skip
    if noisy:
        _write_noise(run, config, clean, given)
    names = [f"train{i:05d}.png" for i in range(pictures)]
    _write_epochs(run, config, done or config.epochs, truth, generator, skill, noisy)
    if done is not None:
        return run
    training = _answers(clean, skill, generator, given)
    (run / "predictions").mkdir(exist_ok=True)
    centres = generator.normal(0, 1, (7, 16))
    _save(run / "predictions/training.npz", names, given, training, centres[clean], generator,
          given=given, clean=clean)  # fmt: skip
    if config.measure_on != "none":
        measured = _answers(truth, skill, generator, truth)
        _save(run / "predictions/measured.npz", [f"test{i:05d}.png" for i in range(len(truth))],
              truth, measured, centres[truth], generator)  # fmt: skip
    if noisy:
        _write_json(run / "purification.json", purification_json(training, given, clean))
    tensors = {"apcl.primary.weight": np.zeros((7, 16), np.float32)}
    if config.network.corrections != "none":
        anchors = centres[:, None] * 1.2 + generator.normal(0, 0.3, (7, 4, 16))
        tensors["apcl.geometric.anchors"] = anchors.astype(np.float32)
    save_file(tensors, run / "model.safetensors")
    return run


def write_cell(run: Path, config: TrainConfig, *, pictures: int = 120, skill: float = 2.2) -> None:
    """A finished cell of a grid: a whole run with a report and its costs."""
    write_run(run, config, pictures=pictures, skill=skill)
    if config.method != "ours":
        (run / "model.safetensors").rename(run / "weights.pt")
    (run / "report").mkdir(exist_ok=True)
    (run / "report" / "index.html").write_text("a report")
    cost = Cost(parameters=6000, training_parameters=6400, macs=9000, milliseconds=1, device="cpu")
    _write_json(run / "cost.json", dataclasses.asdict(cost))


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values))


def _write_noise(run: Path, config: TrainConfig, clean: np.ndarray, given: np.ndarray) -> None:
    with (run / "noise.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "clean", "noisy", "flipped"])
        for i, (a, b) in enumerate(zip(clean, given, strict=True)):
            writer.writerow([f"train{i:05d}.png", EXPRESSIONS[a], EXPRESSIONS[b], int(a != b)])
    _write_json(run / "noise.json", {
        "kind": config.noise.kind, "rate": config.noise.rate, "seed": config.noise.seed,
        "realised_rate": float((clean != given).mean()), "pictures": len(clean),
    })  # fmt: skip


def _write_epochs(
    run: Path,
    config: TrainConfig,
    count: int,
    truth: np.ndarray,
    generator: np.random.Generator,
    skill: float,
    noisy: bool,
) -> None:
    lines = []
    for i in range(count):
        done = (i + 1) / config.epochs
        now = skill * (1 - np.exp(-4 * done))
        answers = _answers(truth, now, generator, truth)
        found = {name: measure(q, truth).to_json() for name, q in answers.items()}
        held = {
            name: {**values, "accuracy": values["accuracy"] * (0.72 if noisy else 0.98)}
            for name, values in found.items()
        }
        memory = {"fits_label": 0.25 + 0.5 * done}
        if noisy:
            memory |= {
                "flipped_fits_wrong": 0.08 + 0.25 * done**3,
                "flipped_recovered": 0.3 + 0.45 * (1 - np.exp(-5 * done)) - 0.2 * done**3,
                "untouched_damaged": 0.5 - 0.35 * (1 - np.exp(-4 * done)),
            }
        losses = {"cls": 1.9 - 0.9 * done, "anchor": 0.4 * (1 - done), "centre": 1.1 - 0.5 * done}
        line = {
            "epoch": i + 1, "hours": 0.05 * (i + 1), "steps": 100,
            "pictures_per_second": 140.0 + i, "data_wait": 0.01,
            "train": {"loss": sum(losses.values()), **losses, "agreement": 0.5}, "memory": memory,
        }  # fmt: skip
        if config.holdout:
            line["held_out"] = held
        if config.measure_on != "none":
            line["measured"] = found
        lines.append(json.dumps(line))
    (run / "log.jsonl").write_text("\n".join(lines) + "\n")


def _save(
    path: Path,
    names: list[str],
    labels: np.ndarray,
    answers: dict[str, np.ndarray],
    centres: np.ndarray,
    generator: np.random.Generator,
    **more: np.ndarray,
) -> None:
    embedding = centres + generator.normal(0, 0.6, centres.shape)
    np.savez_compressed(
        path, names=np.array(names), labels=labels.astype(np.int64),
        embedding=embedding.astype(np.float16), **answers, **more,
    )  # fmt: skip
