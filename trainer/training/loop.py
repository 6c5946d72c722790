"""The training loop, top to bottom: rows, crops, augment, method, step; an epoch at a time.

All chance is drawn from seeds made of (seed, epoch, step, part), never from a running generator:
a run that was stopped anywhere goes on bit for bit, and N processes do what one does in N parts.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ferdesk.errors import FerdeskError
from ferdesk.files import append_line, json_text
from ferdesk.interrupt import Interrupt
from ferdesk.model.face_geometry import GEOMETRY_SIZE
from trainer.augment import augment_faces
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.files import save_torch
from trainer.measure.answers import Answers, predict_with
from trainer.methods.base import Batch, Method, Step
from trainer.same_run import check_same
from trainer.training.averaged import Averaged
from trainer.training.distributed import World
from trainer.training.feed import Feed
from trainer.training.progress import Progress
from trainer.training.run_data import TrainingData
from trainer.training.sampler import epoch_order
from trainer.training.schedule import schedule
from trainer.training.state import read_state
from trainer.training.tensorboard import Scalars

log = logging.getLogger(__name__)

_REPORT_EVERY = 20
"""Steps between two looks at the losses; looking makes a GPU wait."""


def seed_of(*numbers: int) -> int:
    """One 62-bit seed of several numbers."""
    state = np.random.SeedSequence(numbers).generate_state(2, np.uint32)
    return (int(state[0]) << 30) ^ int(state[1])


class Trainer:
    """One run in one folder: ``log.jsonl`` and ``state.pt`` after every epoch."""

    def __init__(
        self,
        method: Method,
        data: TrainingData,
        config: TrainConfig,
        folder: Path,
        world: World = World(),  # noqa: B008  a frozen value
        progress: Progress | None = None,
    ) -> None:
        if len(data.training) < config.batch_size:
            raise FerdeskError(
                f"{len(data.training)} training pictures do not fill one batch of "
                f"{config.batch_size}; give more data or a smaller --train.batch_size."
            )
        self.parts = max(config.micro_batches, world.size)
        if self.parts % world.size or config.batch_size % self.parts:
            raise FerdeskError(
                f"A batch of {config.batch_size} in {self.parts} parts does not divide among "
                f"{world.size} processes; choose a --train.batch_size and --train.micro_batches "
                "that do."
            )
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.config, self.data, self.folder, self.world = config, data, folder, world
        self.progress = progress or Progress("plain")
        self.scalars = Scalars(folder / "tb" if config.tensorboard and world.first else None)
        method.meet(data.training)
        moved = method.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.method: Method = moved
        self.optimizer = self._optimizer()
        self.average = Averaged(self.method.network, config.ema_decay)
        if config.compile:
            self.method.compile()
        self.model = world.wrapped(self.method)
        self.bf16 = config.precision == "bf16" or (
            config.precision == "auto"
            and self.device.type == "cuda"
            and torch.cuda.is_bf16_supported(including_emulation=False)
        )
        training = data.training
        self.feed = Feed(training, self.device)
        self.targets = torch.from_numpy(training.targets).to(self.device)
        self.labels = torch.from_numpy(training.labels).to(self.device)
        self.taught = None if data.taught is None else torch.from_numpy(data.taught).to(self.device)
        self.geometry: Tensor | None = None
        if training.geometry is not None and config.takes_geometry:
            self.geometry = torch.from_numpy(np.array(training.geometry)).to(self.device)
        draws = epoch_order(training.labels, config.sampler, config.per_class, config.seed, 0)
        self.steps_per_epoch = max(1, len(draws) // config.batch_size)
        self.epoch, self.step, self.hours = 0, 0, 0.0
        self._new_epoch()

    def _optimizer(self) -> torch.optim.Optimizer:
        groups = self.method.parameter_groups(self.config)
        kind = torch.optim.AdamW if self.config.optimizer == "adamw" else torch.optim.Adam
        return kind(groups, fused=True)

    def _new_epoch(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.answers = torch.full((len(self.data.training),), -1, device=self.device)
        self.before = {
            name: self.method.get_buffer(name).clone()
            for name in self.method.per_picture
            if self.world.size > 1
        }

    # --- one step -------------------------------------------------------------------------------

    def rows_of(self, step: int, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The parts of a batch that this process computes, each in the order of the file."""
        size = self.config.batch_size
        parts = np.split(order[step * size : (step + 1) * size], self.parts)
        return [np.sort(part) for part in parts[self.world.rank :: self.world.size]]

    def geometry_of(self, rows: Tensor) -> Tensor:
        """(B, GEOMETRY_SIZE) float32 of (B,) positions; faces without landmarks where the run has
        none."""
        if self.geometry is None:
            return torch.zeros((len(rows), GEOMETRY_SIZE), device=self.device)
        return self.geometry[rows].float()

    def batch(self, crops: Tensor, rows: NDArray[np.int64], step: int, number: int) -> Batch:
        """One part of a batch, augmented."""
        config = self.config
        position = self.epoch * self.steps_per_epoch + step
        torch.manual_seed(seed_of(config.seed, position, number, 1))
        generator = torch.Generator().manual_seed(seed_of(config.seed, position, number, 2))
        at = torch.from_numpy(rows).to(self.device)
        changed, moved = augment_faces(crops, self.geometry_of(at), config.augment, generator)
        return Batch(
            crops=changed,
            raw=crops,
            geometry=moved,
            taught=None if self.taught is None else self.taught[at],
            targets=self.targets[at],
            labels=self.labels[at],
            rows=at,
            epoch=self.epoch,
            progress=position / (self.steps_per_epoch * config.epochs),
            generator=generator,
        )

    def learn(self, batch: Batch) -> None:
        """Forward and backward of one part of a batch; gradients add up."""
        # On a CPU the fused attention goes back slowly over a face's few tokens.
        attention = nullcontext() if self.device.type == "cuda" else sdpa_kernel(SDPBackend.MATH)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16), attention:
            out: Step = self.model(batch)
        own = self.parts // self.world.size
        (out.loss / own).backward()
        answers = out.answer.argmax(dim=1)
        self.answers[batch.rows] = answers
        right = (answers == batch.labels).float().mean()
        for key, value in {"loss": out.loss.detach(), **out.figures, "agreement": right}.items():
            self.sums[key] = self.sums.get(key, torch.zeros((), device=self.device)) + value / own

    def update(self, step: int) -> None:
        """One move of the weights along the gradients that the parts have left."""
        factor = schedule(
            self.epoch * self.steps_per_epoch + step, self.steps_per_epoch, self.config
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["base_lr"] * factor
        if self.config.clip_norm:
            nn.utils.clip_grad_norm_(self.method.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update(self.method.network)

    def figures(self) -> dict[str, float]:
        """Means of the losses over this epoch so far. FerdeskError once one is not a number."""
        done = max(1, self.step)
        figures = {k: v.item() / done for k, v in self.sums.items()}
        if not all(math.isfinite(v) for v in figures.values()):
            raise FerdeskError(
                f"The loss became {figures['loss']} in epoch {self.epoch + 1}; the last good state "
                f"in '{self.folder}' is kept. Lower --train.lr_head and --train.lr_backbone."
            )
        return figures

    # --- the run --------------------------------------------------------------------------------

    def run(self) -> None:
        """Train to the configured number of epochs.

        KeyboardInterrupt after Ctrl-C, once the present step is done and the state is saved.
        """
        config = self.config
        self.progress.start(config.name, config.epochs, self.steps_per_epoch, self.epoch, self.step)
        with Interrupt() as interrupt:
            while self.epoch < config.epochs:
                self._run_epoch(interrupt)
        self.scalars.close()

    def _run_epoch(self, interrupt: Interrupt) -> None:
        config = self.config
        self.method.train()
        order = epoch_order(
            self.data.training.labels, config.sampler, config.per_class, config.seed, self.epoch
        )
        mine = [self.rows_of(step, order) for step in range(self.step, self.steps_per_epoch)]
        crops = self.feed.batches([rows for parts in mine for rows in parts])
        started, waited, first = time.perf_counter(), self.feed.wait_seconds, self.step
        for parts in mine:
            for i, rows in enumerate(parts):
                number = self.world.rank + i * self.world.size
                self.learn(self.batch(next(crops), rows, self.step, number))
            self.update(self.step)
            self.step += 1
            if self.step % _REPORT_EVERY == 0:
                speed = (self.step - first) * config.batch_size / (time.perf_counter() - started)
                self.progress.step(self.epoch + 1, self.step, self.figures(), speed)
            if self.world.any(interrupt.asked, self.device):
                self.figures()
                self.hours += (time.perf_counter() - started) / 3600
                self.save()
                raise KeyboardInterrupt
        seconds = time.perf_counter() - started
        self.hours += seconds / 3600
        self._share_rows()
        figures = self.figures()
        self.method.after_epoch(self.epoch)
        entry: dict[str, Any] = {
            "epoch": self.epoch + 1,
            "hours": self.hours,
            "steps": self.steps_per_epoch,
            "pictures_per_second": (self.step - first) * config.batch_size / seconds,
            "data_wait": (self.feed.wait_seconds - waited) / seconds,
            "train": figures,
            "memory": self._memory(),
        }
        self.epoch, self.step = self.epoch + 1, 0
        self._new_epoch()
        if not self.world.first:
            return
        entry.update(self.watched())
        append_line(self.folder / "log.jsonl", json_text(entry))
        self.save()
        shown = dict(figures)
        for key in ("held_out", "measured"):
            if key in entry:
                shown[f"{key} accuracy"] = entry[key]["final"]["accuracy"]
        self.progress.epoch(self.epoch, shown)
        self.scalars.write(self.epoch, shown)

    def _share_rows(self) -> None:
        """What each process has seen of its rows, and its losses, become known to all."""
        if self.world.size == 1:
            return
        self.world.largest(self.answers)  # -1 where a process has not been
        for name, old in self.before.items():
            buffer = self.method.get_buffer(name)
            buffer.copy_(old + self.world.summed(buffer - old))
        for value in self.sums.values():
            self.world.summed(value).div_(self.world.size)

    def averaged(self) -> Method:
        """A copy of the method with the averaged weights, in evaluation mode."""
        method = copy.deepcopy(self.method)
        method.network.load_state_dict(self.average.state)
        return method.eval()

    def answers_on(self, data: PackedSet) -> Answers:
        """What the averaged network says of a set, in the numbers it is trained with."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            out = predict_with(self.averaged().predict, data, self.device)
        return Answers(out, data.labels)

    def watched(self) -> dict[str, Any]:
        """How the averaged network does after an epoch, for its line of ``log.jsonl``."""
        sets = {"held_out": self.data.held_out, "measured": self.data.measured}
        return {
            key: {k: m.to_json() for k, m in self.answers_on(data).metrics().items()}
            for key, data in sets.items()
            if data is not None and len(data)
        }

    def _memory(self) -> dict[str, float]:
        """How the answers of this epoch's steps meet the labels given and the labels before noise.

        Keys: docs/training.md.
        """
        answers = self.answers.cpu().numpy()
        given, clean = self.data.training.labels, self.data.clean
        seen = answers >= 0
        shares = {"fits_label": (seen, answers == given)}
        flipped = seen & (given != clean) & (clean >= 0)
        if flipped.any():
            shares["flipped_fits_wrong"] = (flipped, answers == given)
            shares["flipped_recovered"] = (flipped, answers == clean)
            shares["untouched_damaged"] = (seen & (given == clean), answers != given)
        return {k: float(hit[rows].mean()) for k, (rows, hit) in shares.items() if rows.any()}

    # --- stopping and going on ------------------------------------------------------------------

    def save(self) -> None:
        """Write ``state.pt``; the old one stays until the new one is whole."""
        if not self.world.first:
            return
        state = {
            "config": json.dumps(asdict(self.config)),
            "method": self.method.state_dict(),
            "average": self.average.state,
            "average_steps": self.average.steps,
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "hours": self.hours,
            "sums": self.sums,
            "answers": self.answers,
        }
        save_torch(self.folder / "state.pt", state)

    def resume(self) -> bool:
        """Go on from ``state.pt`` of the folder if there is one, bit for bit on the CPU.

        Raises FerdeskError when the folder holds a run of another configuration.
        """
        path = self.folder / "state.pt"
        if not path.is_file():
            return False
        state = read_state(path, self.device)
        check_same(json.loads(state["config"]), asdict(self.config), self.folder, "--run")
        self.method.load_state_dict(state["method"])
        self.average.state, self.average.steps = state["average"], state["average_steps"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.step, self.hours = state["epoch"], state["step"], state["hours"]
        self.sums, self.answers = state["sums"], state["answers"]
        log.info("going on in epoch %d, step %d", self.epoch + 1, self.step + 1)
        return True
