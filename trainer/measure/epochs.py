"""log.jsonl of a run, read back and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ferdesk.errors import FerdeskError
from trainer.measure.metrics import DISTRIBUTIONS, Metrics


@dataclass(frozen=True, slots=True)
class Epoch:
    """What the loop wrote about one epoch."""

    number: int
    """From 1."""
    hours: float
    """Of training since the start of the run."""
    pictures_per_second: float
    data_wait: float
    """Share of the time in which the step waited for pictures."""
    train: Mapping[str, float]
    """Mean losses."""
    held_out: Mapping[str, Metrics]
    """By distribution, against the labels as given (noise included); empty without this part."""
    measured: Mapping[str, Metrics]
    """By distribution, against clean labels; empty without this part."""
    memory: Mapping[str, float]


def read_epochs(run: Path) -> tuple[Epoch, ...]:
    """The finished epochs of a run in order.

    An epoch that was done twice, because the run was killed between its log line and its state,
    counts as the second time. Raises FerdeskError for a folder that is no run, a run without a
    finished epoch, and a line that is damaged.
    """
    path = run / "log.jsonl"
    if not run.is_dir() or not (run / "config.yaml").is_file():
        raise FerdeskError(f"'{run}' is no folder of a run: it has no config.yaml.")
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    except (OSError, UnicodeDecodeError) as error:
        raise FerdeskError(f"The log '{path}' cannot be read: {error}.") from error
    epochs: dict[int, Epoch] = {}
    torn = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            epoch = _epoch(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            torn = torn or number
            continue
        if not 1 <= epoch.number <= len(epochs) + 1:
            raise _damaged(path, torn or number)
        # A power cut may tear a line; the run then does that epoch again.
        torn = 0
        epochs[epoch.number] = epoch
    if torn:
        raise _damaged(path, torn)
    if not epochs:
        raise FerdeskError(f"The run '{run}' has not finished an epoch yet; train it further.")
    return tuple(epochs[n] for n in sorted(epochs))


def _damaged(path: Path, line: int) -> FerdeskError:
    return FerdeskError(
        f"The log '{path}' is damaged in line {line}, and the epochs do not go on without it; mend "
        "that line or train the run again."
    )


def _epoch(values: Any) -> Epoch:
    return Epoch(
        number=int(values["epoch"]),
        hours=float(values["hours"]),
        pictures_per_second=float(values["pictures_per_second"]),
        data_wait=float(values.get("data_wait", 0.0)),
        train={k: float(v) for k, v in values["train"].items()},
        held_out=_distributions(values.get("held_out")),
        measured=_distributions(values.get("measured")),
        memory={k: float(v) for k, v in (values.get("memory") or {}).items()},
    )


def _distributions(values: Any) -> dict[str, Metrics]:
    if not values:
        return {}
    names = [f.name for f in fields(Metrics)]
    return {
        name: Metrics(**{key: metrics[key] for key in names})
        for name, metrics in values.items()
        if name in DISTRIBUTIONS
    }
