"""The engine's rare events, brought to the GUI thread as one Qt signal."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal

from ferdesk.pipeline.types import EngineEvent

log = logging.getLogger(__name__)


class EngineBridge(QObject):
    """Give `post` to the engine as its listener and connect to `arrived`."""

    arrived = Signal(object)
    """Carries an :class:`EngineEvent`; frames never travel this way."""

    def post(self, event: EngineEvent) -> None:
        """Hand over `event`. May be called on any thread, also after the window is gone."""
        try:
            self.arrived.emit(event)
        except RuntimeError:
            log.debug("an event arrived after the window was gone: %s", event.message)
