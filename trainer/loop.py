"""The training loop, top to bottom: batch, augment, forward, losses, step; an epoch at a time."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ferdesk.errors import FerdeskError
from ferdesk.model.network import DualStreamFER
from trainer.augment import augment
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.evaluate import predict, to_batch
from trainer.losses import anchor_loss, centre_loss, class_distribution_loss
from trainer.metrics import measure

log = logging.getLogger(__name__)


def parameter_groups(network: DualStreamFER, config: TrainConfig) -> list[dict[str, Any]]:
    """Backbone and new layers with their own rate; no decay on norms, biases and anchors."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = config.lr_backbone if name.startswith("image_backbone.") else config.lr_head
        plain = parameter.ndim <= 1 or name.endswith(("anchors", "positions"))
        groups.setdefault((rate, 0.0 if plain else config.weight_decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "base_lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def schedule(step: int, total: int, warmup: int) -> float:
    """Linear warm-up to 1, then half a cosine down to 0.01."""
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, total - warmup)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _placed(network: DualStreamFER, device: torch.device) -> DualStreamFER:
    """On the device, with convolutions in channels-last order."""
    moved: DualStreamFER = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


def _identity(config: TrainConfig) -> str:
    """What two runs must share to be the same run: all but the threads and the words about it."""
    values = {k: v for k, v in asdict(config).items() if k not in ("threads", "notes")}
    return json.dumps(values, sort_keys=True)


class Averaged:
    """Exponential moving average of weights and buffers, with a warmed-up decay."""

    def __init__(self, network: DualStreamFER, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.state = {k: v.detach().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: DualStreamFER) -> None:
        """Move one step towards the network's present state."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for key, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[key].lerp_(value, 1 - decay)
            else:
                self.state[key].copy_(value)


class Trainer:
    """One run in one folder: ``config.json``, ``log.jsonl``, ``state.pt`` after every epoch."""

    def __init__(
        self,
        network: DualStreamFER,
        train: PackedSet,
        watch: PackedSet,
        config: TrainConfig,
        folder: Path,
    ) -> None:
        if len(train) < config.batch_size:
            raise FerdeskError(
                f"{len(train)} training pictures do not fill one batch of {config.batch_size}; "
                "give more data or a smaller --batch_size."
            )
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network: DualStreamFER = _placed(network, self.device)
        self.train_set, self.watch_set = train, watch
        self.config, self.folder = config, folder
        self.optimizer = torch.optim.AdamW(parameter_groups(network, config), fused=False)
        self.average = Averaged(self.network, config.ema_decay)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.epoch = 0
        self.hours = 0.0
        self.steps_per_epoch = len(train) // config.batch_size
        self.total_steps = self.steps_per_epoch * config.epochs
        self.targets = torch.from_numpy(train.targets)
        self.labels = torch.from_numpy(train.labels)

    def resume(self) -> bool:
        """Go on from ``state.pt`` of the folder if there is one, bit for bit on the CPU."""
        path = self.folder / "state.pt"
        if not path.is_file():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["config"] != _identity(self.config):
            raise FerdeskError(
                f"'{self.folder}' holds a run with another configuration; give another --run."
            )
        self.network.load_state_dict(state["network"])
        self.average.state, self.average.steps = state["average"], state["average_steps"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["rng"].cpu())
        self.epoch, self.hours = state["epoch"], state["hours"]
        log.info("resumed after epoch %d", self.epoch)
        return True

    def _save_state(self) -> None:
        temporary = self.folder / "state.part"
        torch.save(
            {
                "config": _identity(self.config),
                "network": self.network.state_dict(),
                "average": self.average.state,
                "average_steps": self.average.steps,
                "optimizer": self.optimizer.state_dict(),
                "generator": self.generator.get_state(),
                "rng": torch.get_rng_state(),
                "epoch": self.epoch,
                "hours": self.hours,
            },
            temporary,
        )
        temporary.replace(self.folder / "state.pt")

    def _batches(self) -> Iterator[NDArray[np.int64]]:
        order = torch.randperm(len(self.train_set), generator=self.generator).numpy()
        for step in range(self.steps_per_epoch):
            start = step * self.config.batch_size
            yield np.sort(order[start : start + self.config.batch_size])

    def _step(self, rows: NDArray[np.int64], step: int) -> dict[str, float]:
        config = self.config
        factor = schedule(step, self.total_steps, config.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base_lr"] * factor
        crops = augment(
            to_batch(self.train_set.crops[rows], self.device), config.augment, self.generator
        )
        target, label = self.targets[rows].to(self.device), self.labels[rows].to(self.device)
        ramp = config.trust_ramp * self.total_steps
        out = self.network(crops, trust=min(1.0, step / ramp) if ramp else 1.0)
        anchors = self.network.apcl.geometric.anchors
        l_cls = class_distribution_loss(out.final, target)
        l_anchor = anchor_loss(anchors)
        l_centre = centre_loss(out.embedding, anchors, label)
        loss = (
            config.lambda_cls * l_cls
            + config.lambda_anchor * l_anchor
            + config.lambda_centre * l_centre
        )
        if not torch.isfinite(loss):
            raise FerdeskError(
                f"The loss became {loss.item()} at step {step}; the last good epoch is kept in "
                f"'{self.folder}', try a lower learning rate."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), config.clip_norm)
        self.optimizer.step()
        self.average.update(self.network)
        right = (out.final.argmax(dim=1) == label).float().mean()
        return {
            "loss": loss.item(),
            "cls": l_cls.item(),
            "anchor": l_anchor.item(),
            "centre": l_centre.item(),
            "accuracy": right.item(),
        }

    def averaged_network(self) -> DualStreamFER:
        """A copy of the network with the averaged weights, in evaluation mode."""
        network = DualStreamFER(self.network.config, self.network.preprocessing)
        network.load_state_dict(self.average.state)
        return _placed(network, self.device).eval()

    def run(self) -> DualStreamFER:
        """Train to the configured number of epochs; returns the averaged network."""
        while self.epoch < self.config.epochs:
            started = time.perf_counter()
            self.network.train()
            sums: dict[str, float] = {}
            for number, rows in enumerate(self._batches()):
                figures = self._step(rows, self.epoch * self.steps_per_epoch + number)
                for key, value in figures.items():
                    sums[key] = sums.get(key, 0.0) + value
                if (number + 1) % 50 == 0:
                    log.info(
                        "epoch %d, batch %d of %d: %s", self.epoch + 1, number + 1,
                        self.steps_per_epoch,
                        " ".join(f"{k} {v / (number + 1):.3f}" for k, v in sums.items()),
                    )  # fmt: skip
            self.epoch += 1
            self.hours += (time.perf_counter() - started) / 3600
            watched = predict(self.averaged_network(), self.watch_set, self.device)
            entry = {
                "epoch": self.epoch,
                "hours": self.hours,
                "train": {k: v / self.steps_per_epoch for k, v in sums.items()},
                "watch": {
                    name: measure(getattr(watched, name), self.watch_set.labels).to_json()
                    for name in ("final", "p", "t_g", "t_a")
                },
            }
            with (self.folder / "log.jsonl").open("a") as file:
                file.write(json.dumps(entry) + "\n")
            self._save_state()
            final, primary = entry["watch"]["final"], entry["watch"]["p"]  # type: ignore[index]
            log.info(
                "epoch %d done after %.2f h: held-out accuracy final %.4f p %.4f, mean class %.4f",
                self.epoch, self.hours, final["accuracy"], primary["accuracy"],
                final["mean_class_accuracy"],
            )  # fmt: skip
        return self.averaged_network()
