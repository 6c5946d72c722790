"""Networks compiled for this computer, kept between starts. Imports no torch.

One file per network: a SHA-256 of the rest, then safetensors with both compiled models, and torch's
answer to the probe, which the network has to give again before it is used.
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
from ferdesk.files import make_folder, write_bytes
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import config_to_json
from ferdesk.model.openvino_backend import (
    BlobPair,
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

CONVERSION: Final = 5
"""Raise it whenever `conversion` or the network's code changes what it computes."""
_SUFFIX: Final = ".network"
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
        self._size = card.preprocessing.size
        self._threads = threads

    def read(self) -> OpenVinoBackend | None:
        """The network, tried on the probe; None when none is kept or what is kept is damaged."""
        try:
            if self.path.stat().st_size > _LARGEST:
                return None
            backend = self._restored(_opened(self.path.read_bytes()))
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
        models = Models(_blobs(arrays, ""), self._group)
        backend = OpenVinoBackend(models, self._threads, precision, int(arrays["streams"][0]))
        answer = backend.run(probe_crops(self._size), arrays["geometry"])
        if not agree(answer, expected, precision):
            raise ValueError("it gives other answers than the checkpoint")
        return backend

    def _group(self) -> BlobPair | None:
        """Read again, because few need it and it is as large as the rest."""
        try:
            return _blobs(_opened(self.path.read_bytes()), "group.")
        except KeyError:
            return None
        except (OSError, ValueError) as error:
            log.warning("the kept network %s is not used for groups: %s", self.path.name, error)
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
        data = save(
            {
                **_arrays(models.single, ""),
                **({} if group is None else _arrays(group, "group.")),
                "geometry": geometry,
                "bf16": np.array([backend.precision == "bf16"]),
                "streams": np.array([backend.streams]),
                **{f"torch.{name}": getattr(expected, name) for name in FIELDS},
            }
        )
        try:
            make_folder(self.path.parent)
            write_bytes(self.path, hashlib.sha256(data).digest() + data)
            self._prune()
        except (FerdeskError, OSError) as error:
            log.warning("the converted network is not kept: %s", error)

    def _prune(self) -> None:
        """Leave the newest few, this one among them. Raises OSError."""
        found = sorted(
            self.path.parent.glob(f"*{_SUFFIX}"), key=lambda p: p.stat().st_mtime, reverse=True
        )
        others = [path for path in found if path != self.path]
        total = self.path.stat().st_size
        for count, path in enumerate(others, start=2):
            total += path.stat().st_size
            if count > _MOST_FILES or total > _MOST_BYTES:
                path.unlink(missing_ok=True)


def _opened(content: bytes) -> Arrays:
    """Raises ValueError for what is not whole."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    digest, data = content[:32], content[32:]
    if hashlib.sha256(data).digest() != digest:
        raise ValueError("it is damaged")
    try:
        return load(data)
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _blobs(arrays: Arrays, prefix: str) -> BlobPair:
    """KeyError where they are missing."""
    return arrays[f"{prefix}inputs"].tobytes(), arrays[f"{prefix}answer"].tobytes()


def _arrays(blobs: BlobPair, prefix: str) -> Arrays:
    inputs, answer = (np.frombuffer(blob, np.uint8) for blob in blobs)
    return {f"{prefix}inputs": inputs, f"{prefix}answer": answer}
