"""Loads checkpoints on a thread of its own, so that analysis goes on meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferdesk.errors import FerdeskError
from ferdesk.memory import give_back
from ferdesk.paths import networks_dir
from ferdesk.pipeline.mailbox import Mailbox
from ferdesk.threads import thread_budget
from ferdesk.vision.crop import CROP_SIZE

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor

log = logging.getLogger(__name__)

PredictorFactory = Callable[[Path, str], "Predictor"]
"""Checkpoint and device key → a warmed-up predictor; raises FerdeskError."""


def load_predictor(path: Path, device: str) -> Predictor:
    """The real factory. Seconds, the first time a checkpoint is opened on this computer."""
    from ferdesk.model.predictor import Predictor

    threads = thread_budget().model
    predictor = Predictor.from_checkpoint(path, device, threads, networks_dir())
    if predictor.size != CROP_SIZE:
        raise FerdeskError(
            f"'{path.name}' needs crops of {predictor.size} pixels; ferdesk makes crops of "
            f"{CROP_SIZE}."
        )
    return predictor


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """What is wanted."""

    checkpoint: Path
    device: str


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What came of it: a predictor, or the reason why not."""

    request: LoadRequest
    predictor: Predictor | None
    message: str = ""
    detail: str = ""


class Loader:
    """Serves the newest request; a request that is overtaken before it starts is skipped."""

    def __init__(self, factory: PredictorFactory, done: Callable[[Loaded], None]) -> None:
        self._factory = factory
        self._done = done
        self._requests: Mailbox[LoadRequest] = Mailbox()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)
        self._thread.start()

    def request(self, request: LoadRequest) -> None:
        """Load this next; `done` is called on the loader thread."""
        self._requests.put(request)

    def close(self) -> None:
        """End after the load in progress; returns at once."""
        self._closing.set()
        self._requests.wake()

    def join(self, timeout: float) -> bool:
        """True when the thread has ended within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closing.is_set():
            request = self._requests.take(timeout=1.0)
            if request is None:
                continue
            try:
                result = Loaded(request, self._factory(request.checkpoint, request.device))
            except FerdeskError as error:
                result = Loaded(request, None, str(error))
            except Exception as error:
                log.exception("loading %s failed", request.checkpoint)
                message = f"'{request.checkpoint.name}' could not be loaded ({error})."
                result = Loaded(request, None, message, repr(error))
            if not self._closing.is_set():
                self._done(result)
                # Loading takes and frees several times what stays.
                give_back()
