"""Numpy in, numpy out: the only way the application runs the network."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.checkpoint import Card, load
from ferdesk.model.devices import choose_device
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import Purified

if TYPE_CHECKING:
    from ferdesk.model.network import DualStreamFER

log = logging.getLogger(__name__)

_DISTRIBUTIONS = ("logits", "p", "t_g", "t_a", "t", "final")


class Backend(Protocol):
    """Runs one network on one device."""

    @property
    def name(self) -> str:
        """For the status bar."""
        ...

    def run(self, crops: NDArray[np.uint8]) -> Purified[NDArray[np.float32]]:
        """(B, S, S, 3) uint8 RGB → `Purified` of float32 arrays, labels in the card's order."""
        ...


def make_backend(network: DualStreamFER, device: str, threads: int) -> Backend:
    """The backend for a device key; FerdeskError with the reason when it is unavailable."""
    info = choose_device(device)
    if info.key == "openvino":
        from ferdesk.model.openvino_backend import OpenVinoBackend

        return OpenVinoBackend(network, threads)
    from ferdesk.model.torch_backend import TorchBackend

    return TorchBackend(network, info, threads)


class Predictor:
    """A checkpoint on a device, warmed up and ready. Use it from one thread at a time."""

    def __init__(
        self, network: DualStreamFER, card: Card, device: str = "auto", threads: int = 1
    ) -> None:
        """Takes seconds: call it on a worker thread. Raises FerdeskError."""
        self.card = card
        self.size = card.preprocessing.size
        self._backend = make_backend(network, device, threads)
        self._order: list[int] | None = None
        if card.labels != EXPRESSIONS:
            self._order = [card.labels.index(name) for name in EXPRESSIONS]
        self.predict(np.zeros((1, self.size, self.size, 3), np.uint8))
        log.info("predictor ready: %s on %s", card.name, self.device)

    @classmethod
    def from_checkpoint(cls, path: Path, device: str = "auto", threads: int = 1) -> Predictor:
        """Load, build and warm up. Raises CheckpointError or FerdeskError."""
        network, card = load(path)
        return cls(network, card, device, threads)

    @property
    def device(self) -> str:
        """Display name of the device in use."""
        return self._backend.name

    def predict(self, crops: NDArray[np.uint8]) -> Purified[NDArray[np.float32]]:
        """Aligned crops (B, 112, 112, 3) uint8 RGB, B >= 1 → `Purified` of B faces.

        Everything is as the network gives it, without the card's calibration. Distributions are in
        the order of ``labels.EXPRESSIONS`` whatever the checkpoint's order. A face's answer does
        not depend on the other faces of the batch. Raises ValueError for another shape or type.
        """
        expected = (self.size, self.size, 3)
        if crops.ndim != 4 or crops.shape[1:] != expected or crops.dtype != np.uint8:
            raise ValueError(
                f"crops must be (B, {expected}) uint8, not {crops.shape} {crops.dtype}"
            )
        out = self._backend.run(np.ascontiguousarray(crops))
        if self._order is not None:
            turned = {name: getattr(out, name)[:, self._order] for name in _DISTRIBUTIONS}
            out = replace(out, **turned)
        return out
