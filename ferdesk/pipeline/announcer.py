"""The engine's state, and what its listener is told about it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ferdesk.pipeline.types import EngineEvent, EngineState, EventKind

log = logging.getLogger(__name__)

Listener = Callable[[EngineEvent], None]

_LEVELS = {EventKind.ERROR: logging.ERROR, EventKind.WARNING: logging.WARNING}


class Announcer:
    """Every change of the state is an event. The engine's lock is held by whoever calls."""

    def __init__(self, listener: Listener) -> None:
        self.state = EngineState.STOPPED
        self._listener: Listener | None = listener

    def silence(self) -> None:
        """Tell nobody anything any more."""
        self._listener = None

    def tell(self, kind: EventKind, message: str, detail: str = "") -> None:
        """Say what happened in one sentence; the state stays."""
        log.log(_LEVELS.get(kind, logging.INFO), "%s", message)
        if detail:
            log.debug("%s", detail)
        if self._listener is not None:
            self._listener(EngineEvent(kind, message, self.state, detail))

    def enter(self, state: EngineState, message: str) -> None:
        """Take another state."""
        self.state = state
        self.tell(EventKind.STATE, message)

    def fault(self, message: str, detail: str) -> None:
        """The source or the analysis cannot go on."""
        self.state = EngineState.FAULTED
        self.tell(EventKind.ERROR, message, detail)
