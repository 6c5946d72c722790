"""The operating point: from the wish for labels and the checkpoint's table to what is shown."""

from __future__ import annotations

from PySide6.QtCore import QObject

from ferdesk.ui.panels.distribution import DistributionPanel
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.state.reliability_words import NO_CHECKPOINT, NO_TABLE
from ferdesk.ui.state.verdict import weaknesses
from ferdesk.ui.window.live import LiveView


class OperatingPoint(QObject):
    """Keeps slider, panels and setting together; `sync` after either end has changed."""

    def __init__(
        self, engine: EnginePort, store: SettingsStore, panel: DistributionPanel, live: LiveView
    ) -> None:
        super().__init__(live)
        self._engine = engine
        self._store = store
        self._panel = panel
        self._live = live
        self._held: float | None = None
        panel.coverage.chosen.connect(lambda coverage: store.update(coverage=coverage))

    def hold(self, threshold: float | None) -> None:
        """Show what was recorded with this limit; None: the person chooses again."""
        if threshold != self._held:
            self._held = threshold
            self._panel.coverage.setVisible(threshold is None)
            self.sync()

    def sync(self) -> None:
        """Read the table of the checkpoint in use at the coverage that was chosen."""
        if self._held is not None:
            self._panel.meter.able = True
            self._live.set_limits(self._held, {})
            return
        card = self._engine.card
        self._panel.coverage.show_table(
            card.risk_coverage if card is not None else None,
            self._store.value.coverage,
            NO_TABLE if card is not None else NO_CHECKPOINT,
        )
        self._panel.meter.able = card is None or card.reliability is not None
        self._live.set_limits(self._panel.coverage.threshold, weaknesses(card))
