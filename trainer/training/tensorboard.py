"""TensorBoard, for those who have installed it; the log of a run does not depend on it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferdesk.errors import FerdeskError

log = logging.getLogger(__name__)


class Scalars:
    """Figures over steps in a folder that ``tensorboard --logdir`` shows; nothing without a folder.

    TensorBoard puts the name of the machine into the names of its files.
    """

    def __init__(self, folder: Path | None) -> None:
        """FerdeskError when TensorBoard is not installed or the folder cannot be written."""
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise FerdeskError(
                "TensorBoard is not installed; pip install 'ferdesk[tensorboard]' or leave "
                "--train.tensorboard out."
            ) from error
        try:
            self._writer = SummaryWriter(str(folder))
        except OSError as error:
            raise FerdeskError(
                f"The folder '{folder}' for TensorBoard cannot be written: "
                f"{error.strerror or error}; leave --train.tensorboard out to train without."
            ) from error

    def write(self, step: int, figures: Mapping[str, float | None]) -> None:
        """One point per figure; those that are not known are left out."""
        try:
            for name, value in figures.items():
                if self._writer is not None and value is not None:
                    self._writer.add_scalar(name, value, step)
            if self._writer is not None:
                self._writer.flush()
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Write out what is left."""
        try:
            if self._writer is not None:
                self._writer.close()
        except OSError as error:
            self._give_up(error)
        self._writer = None

    def _give_up(self, error: OSError) -> None:
        # A copy of log.jsonl is not worth the run.
        log.warning("TensorBoard's figures cannot be written (%s); training goes on", error)
        self._writer = None
