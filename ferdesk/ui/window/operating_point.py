"""The operating point: from the wish for answers and the checkpoint's table to what is shown."""

from __future__ import annotations

from PySide6.QtCore import QObject

from ferdesk.ui.state import reliability_words as trust
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.state.settings import SettingsStore
from ferdesk.ui.window.live import Panels


class OperatingPoint(QObject):
    """Keeps slider, panels and setting together; `sync` after either end has changed."""

    def __init__(
        self, engine: EnginePort, store: SettingsStore, panels: Panels, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._store = store
        self._panels = panels
        self.threshold = 0.0
        """Labels less reliable than this are withheld."""
        panels.distribution.coverage.chosen.connect(
            lambda coverage: store.update(coverage=coverage)
        )

    def sync(self) -> None:
        """Read the table of the checkpoint in use at the coverage that was chosen."""
        card = self._engine.card
        distribution = self._panels.distribution
        distribution.coverage.show_table(
            card.risk_coverage if card is not None else None,
            self._store.value.coverage,
            trust.NO_TABLE if card is not None else trust.NO_CHECKPOINT,
        )
        self.threshold = self._panels.timeline.threshold = distribution.coverage.threshold
        distribution.meter.able = card is None or card.reliability is not None
        distribution.set_threshold(self.threshold)
