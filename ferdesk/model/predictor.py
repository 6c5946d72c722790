"""Numpy in, numpy out: the only way the application runs the network."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.checkpoint import Card, load, read_verified_card
from ferdesk.model.devices import choose_device
from ferdesk.model.face_geometry import GEOMETRY_SIZE, mirrored, no_geometry
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import DISTRIBUTIONS, FIELDS, Purified, averaged
from ferdesk.model.tensor_file import CheckpointError, quoted

if TYPE_CHECKING:
    from ferdesk.model.network import DualStreamFER
    from ferdesk.model.openvino_backend import OpenVinoBackend

log = logging.getLogger(__name__)


class Backend(Protocol):
    """Runs one network on one device."""

    @property
    def name(self) -> str:
        """For the status bar."""
        ...

    @property
    def precision(self) -> str:
        """Of the multiplications: "f32", "bf16" or "f16"."""
        ...

    def run(
        self, crops: NDArray[np.uint8], geometry: NDArray[np.float32]
    ) -> Purified[NDArray[np.float32]]:
        """(B, S, S, 3) uint8 RGB and (B, GEOMETRY_SIZE) → `Purified` of float32 arrays.

        Labels are in the card's order.
        """
        ...


def make_backend(network: DualStreamFER, device: str, threads: int) -> Backend:
    """The backend for a device key; FerdeskError with the reason when it is unavailable."""
    info = choose_device(device)
    if info.key == "openvino":
        from ferdesk.model.conversion import checked

        return checked(network, threads, network.config.name)
    from ferdesk.model.torch_backend import TorchBackend

    return TorchBackend(network, info, threads)


class Predictor:
    """A checkpoint on a device, warmed up and ready. Use it from one thread at a time."""

    def __init__(self, backend: Backend, card: Card) -> None:
        """Raises CheckpointError when the answers are not numbers."""
        self.card = card
        self.size = card.preprocessing.size
        self._backend = backend
        self._order: list[int] | None = None
        if card.labels != EXPRESSIONS:
            self._order = [card.labels.index(name) for name in EXPRESSIONS]
        answer = self.predict(np.zeros((1, self.size, self.size, 3), np.uint8))
        if not all(np.isfinite(getattr(answer, name)).all() for name in FIELDS):
            raise CheckpointError(f"The answers of '{quoted(card.name)}' are not numbers.")
        log.info("predictor ready: %s on %s", card.name, self.device)

    @classmethod
    def of_network(
        cls, network: DualStreamFER, card: Card, device: str = "auto", threads: int = 1
    ) -> Predictor:
        """For a network in memory. Takes seconds. Raises FerdeskError."""
        return cls(make_backend(network, device, threads), card)

    @classmethod
    def from_checkpoint(
        cls, path: Path, device: str = "auto", threads: int = 1, folder: Path | None = None
    ) -> Predictor:
        """Load and warm up. Raises CheckpointError or FerdeskError.

        On OpenVINO the network that was compiled the last time is taken from `folder`, and torch is
        imported only when there is none.
        """
        if choose_device(device).key == "openvino" and folder is not None:
            card = read_verified_card(path)
            return cls(_kept_or_converted(path, card, threads, folder), card)
        network, card = load(path)
        return cls.of_network(network, card, device, threads)

    @property
    def device(self) -> str:
        """Display name of the device in use."""
        return self._backend.name

    @property
    def precision(self) -> str:
        """Of the network's multiplications: "f32", "bf16" or "f16"."""
        return self._backend.precision

    def predict(
        self, crops: NDArray[np.uint8], geometry: NDArray[np.float32] | None = None
    ) -> Purified[NDArray[np.float32]]:
        """Aligned crops (B, 112, 112, 3) uint8 RGB, B >= 1 → `Purified` of B faces.

        `geometry` (B, GEOMETRY_SIZE) float32 is what `face_geometry` makes of their landmarks; None
        stands for faces without landmarks. Networks without a geometry stream ignore it.
        Everything is as the network gives it, without the card's calibration; where the card says
        `mirror`, it is the mean over the faces and their mirror images. Distributions are in
        the order of ``labels.EXPRESSIONS`` whatever the checkpoint's order. A face's answer does
        not depend on the other faces of the batch. Raises ValueError for another shape or type.
        """
        expected = (self.size, self.size, 3)
        if crops.ndim != 4 or crops.shape[1:] != expected or crops.dtype != np.uint8:
            raise ValueError(
                f"crops must be (B, {expected}) uint8, not {crops.shape} {crops.dtype}"
            )
        if geometry is None:
            geometry = no_geometry(len(crops))
        if geometry.shape != (len(crops), GEOMETRY_SIZE) or geometry.dtype != np.float32:
            raise ValueError(
                f"geometry must be ({len(crops)}, {GEOMETRY_SIZE}) float32, not "
                f"{geometry.shape} {geometry.dtype}"
            )
        if self.card.mirror:
            crops = np.concatenate([crops, crops[:, :, ::-1]])
            geometry = np.concatenate([geometry, mirrored(geometry)])
        out = self._backend.run(np.ascontiguousarray(crops), np.ascontiguousarray(geometry))
        if self.card.mirror:
            faces = len(crops) // 2
            out = averaged(out[:faces], out[faces:])
        if self._order is not None:
            turned = {n: getattr(out, n)[:, self._order] for n in ("logits", *DISTRIBUTIONS)}
            out = replace(out, **turned)
        return out


def _kept_or_converted(path: Path, card: Card, threads: int, folder: Path) -> OpenVinoBackend:
    """The compiled network of before, or a new one, which is then kept."""
    from ferdesk.model.kept import Kept

    kept = Kept(folder, card, threads)
    backend = kept.read()
    if backend is None and "torch" not in sys.modules and getattr(sys, "executable", None):
        # In a process of its own: torch would stay in this one, with 300 MB.
        arguments = [str(path.absolute()), str(folder.absolute()), str(threads)]
        done = subprocess.run(
            [sys.executable, "-m", "ferdesk.model.conversion", *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
        log.info("converted %s in a process of its own: %s", path.name, done.stderr or "done")
        backend = kept.read()
    if backend is None:
        from ferdesk.model.conversion import convert_checkpoint

        backend = convert_checkpoint(path, threads, folder)
    return backend
