"""Everything a run's folder holds, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import NUM_EXPRESSIONS
from trainer.files import read_arrays, read_config, read_json
from trainer.measure.epochs import Epoch, read_epochs
from trainer.measure.metrics import DISTRIBUTIONS
from trainer.measure.summary import RunSummary, summarise

MEASURED = "predictions/measured.npz"
"""The last answers on the measured pictures, in a run's folder."""
_ANCHORS = "apcl.geometric.anchors"


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The last answers on one set of N pictures."""

    names: NDArray[np.str_]
    labels: NDArray[np.int64]
    """(N,) what the answers are judged by."""
    distributions: Mapping[str, NDArray[np.float32]]
    """(N, 7) by name."""
    embedding: NDArray[np.float32]
    """(N, E)"""
    given: NDArray[np.int64] | None
    """(N,) trained on; None for measured pictures."""
    clean: NDArray[np.int64] | None
    """(N,) before noise, -1 where unknown; None for measured pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One run."""

    run: Path
    summary: RunSummary
    epochs: tuple[Epoch, ...]
    config: Mapping[str, Any]
    data: Mapping[str, Any]
    """data.json; empty where it is missing."""
    environment: Mapping[str, Any]
    measured: Predictions | None
    training: Predictions | None
    anchors: NDArray[np.float32] | None
    """(7, K, E); None without the geometric correction or before the end of the run."""


def read_record(run: Path) -> Record:
    """Raises FerdeskError as `summarise` does, and for damaged predictions."""
    return Record(
        run=run,
        summary=summarise(run),
        epochs=read_epochs(run),
        config=read_config(run),
        data=read_json(run / "data.json") or {},
        environment=read_json(run / "environment.json") or {},
        measured=read_measured(run),
        training=_predictions(run / "predictions" / "training.npz"),
        anchors=_anchors(run / "model.safetensors"),
    )


def read_measured(run: Path) -> Predictions | None:
    """The last answers on the measured pictures; None where there are none."""
    return _predictions(run / MEASURED)


def _predictions(path: Path) -> Predictions | None:
    if not path.is_file():
        return None
    try:
        arrays = read_arrays(path)
        found = Predictions(
            names=arrays["names"].astype(str),
            labels=arrays["labels"].astype(np.int64),
            distributions={name: arrays[name].astype(np.float32) for name in DISTRIBUTIONS},
            embedding=arrays["embedding"].astype(np.float32),
            given=arrays["given"].astype(np.int64) if "given" in arrays else None,
            clean=arrays["clean"].astype(np.int64) if "clean" in arrays else None,
        )
    except (OSError, KeyError, ValueError) as error:
        raise FerdeskError(f"The predictions '{path}' are damaged; train the run again.") from error
    n = len(found.names)
    shapes = {q.shape for q in found.distributions.values()}
    if shapes != {(n, NUM_EXPRESSIONS)} or {len(found.labels), len(found.embedding)} != {n}:
        raise FerdeskError(f"The predictions '{path}' are damaged: its arrays differ in length.")
    return found if n else None


def _anchors(path: Path) -> NDArray[np.float32] | None:
    if not path.is_file():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            if _ANCHORS not in file.keys():  # noqa: SIM118  a file, not a dictionary
                return None
            return np.asarray(file.get_tensor(_ANCHORS), np.float32)
    except (OSError, SafetensorError) as error:
        raise FerdeskError(f"The checkpoint '{path}' is damaged.") from error
