"""Networks compiled for this computer, kept between starts. Imports no torch.

One file per network: a SHA-256 of the rest, then safetensors with the compiled model, and torch's
answer to the probe, which the network has to give again before it is used. A second file has the
model for groups of faces, so that a start does not read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, read_sealed, write_sealed
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import config_to_json
from ferdesk.model.inputs import Inputs
from ferdesk.model.openvino_backend import (
    Blob,
    Models,
    OpenVinoBackend,
    Precision,
    capabilities,
)
from ferdesk.model.probe import agree, probe_crops
from ferdesk.model.purified import FIELDS, Purified
from ferdesk.quiet_openvino import ov

log = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]

CONVERSION: Final = 7
"""Raise it whenever `conversion` or the network's code changes what it computes."""
_SUFFIX: Final = ".network"
_GROUP_SUFFIX: Final = ".group"
_MOST_FILES: Final = 8
_MOST_BYTES: Final = 500 * 2**20
_LARGEST: Final = 2**30


class Kept:
    """The place of one checkpoint's compiled network in a folder."""

    def __init__(self, folder: Path, card: Card, threads: int) -> None:
        """`card` with the `sha256` of the weights that are really in the file."""
        core = ov.Core()
        key = {
            "weights": card.sha256,
            "architecture": config_to_json(card.architecture),
            "preprocessing": config_to_json(card.preprocessing),
            "openvino": ov.get_version(),
            "cpu": core.get_property("CPU", "FULL_DEVICE_NAME"),
            "capabilities": sorted(capabilities(core)),
            "threads": threads,
            "conversion": CONVERSION,
        }
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        self.path = folder / f"{name}{_SUFFIX}"
        self._card = card
        self._threads = threads

    def read(self) -> OpenVinoBackend | None:
        """The network, tried on the probe; None when none is kept or what is kept is damaged."""
        try:
            if self.path.stat().st_size > _LARGEST:
                return None
            # Held until all is compiled: blocks of this size that are freed earlier make the C
            # library put the next ones into its heap, which then stays 20 MB larger.
            data = read_sealed(self.path)
            backend = self._restored(_opened(data))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            log.warning("the kept network %s is not used: %s", self.path.name, error)
            return None
        with contextlib.suppress(OSError):
            self.path.touch()
        return backend

    def _restored(self, arrays: Arrays) -> OpenVinoBackend:
        """Raises ValueError, KeyError or RuntimeError for anything that `write` did not write."""
        expected = Purified(*(arrays[f"torch.{name}"] for name in FIELDS))
        precision: Precision = "bf16" if arrays["bf16"].all() else "f32"
        # Copied: as they are they would hold on to the whole file.
        standard = (arrays["mean"].copy(), arrays["spread"].copy()) if "mean" in arrays else None
        inputs = Inputs(self._card.architecture, self._card.preprocessing, standard)
        models = Models(inputs, arrays["network"].tobytes(), self._group)
        backend = OpenVinoBackend(models, self._threads, precision)
        answer = backend.run(probe_crops(self._card.preprocessing.size), arrays["geometry"])
        if not agree(answer, expected, precision):
            raise ValueError("it gives other answers than the checkpoint")
        return backend

    def _group(self) -> Blob | None:
        path = _beside(self.path)
        try:
            return _opened(read_sealed(path))["network"].tobytes()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError) as error:
            log.warning("the kept network %s is not used: %s", path.name, error)
            return None

    def write(
        self, backend: OpenVinoBackend, geometry: NDArray[np.float32], expected: Purified[Any]
    ) -> None:
        """Keep the network, and remove the oldest of too many; a full disk is only logged.

        `expected` is torch's answer to the probe with this geometry beside it.
        """
        from safetensors.numpy import save

        models = backend.blobs()
        group = models.group()
        try:
            make_folder(self.path.parent)
            if group is not None:
                write_sealed(_beside(self.path), save({"network": _bytes(group)}))
            data = save(
                {
                    **_standard(models.inputs),
                    "network": _bytes(models.single),
                    "geometry": geometry,
                    "bf16": np.array([backend.precision == "bf16"]),
                    **{f"torch.{name}": getattr(expected, name) for name in FIELDS},
                }
            )
            write_sealed(self.path, data)
            self._prune()
        except (FerdeskError, OSError) as error:
            log.warning("the converted network is not kept: %s", error)

    def _prune(self) -> None:
        """Leave the newest few, this one among them. Raises OSError."""
        found = sorted(
            self.path.parent.glob(f"*{_SUFFIX}"), key=lambda p: p.stat().st_mtime, reverse=True
        )
        others = [path for path in found if path != self.path]
        total = _size(self.path)
        for count, path in enumerate(others, start=2):
            total += _size(path)
            if count > _MOST_FILES or total > _MOST_BYTES:
                path.unlink(missing_ok=True)
                _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Where the models for groups are."""
    return path.with_suffix(_GROUP_SUFFIX)


def _size(path: Path) -> int:
    """In bytes, with the models for groups."""
    return sum(file.stat().st_size for file in (path, _beside(path)) if file.exists())


def _opened(data: bytes) -> Arrays:
    """ValueError for what is no safetensors."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _bytes(blob: Blob) -> NDArray[np.uint8]:
    return np.frombuffer(blob, np.uint8)


def _standard(inputs: Inputs) -> Arrays:
    """Of the geometry; empty where the network takes none."""
    if inputs.standard is None:
        return {}
    mean, spread = inputs.standard
    return {"mean": mean, "spread": spread}
