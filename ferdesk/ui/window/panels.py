"""The panels of the window, as one."""

from __future__ import annotations

from dataclasses import dataclass

from ferdesk.ui.paint.theme import Scheme
from ferdesk.ui.panels.distribution import DistributionPanel
from ferdesk.ui.panels.files import FilesPanel
from ferdesk.ui.panels.log import LogBuffer, LogPanel
from ferdesk.ui.panels.movements import MovementsPanel
from ferdesk.ui.panels.purification import PurificationPanel
from ferdesk.ui.panels.status import StatusPanel
from ferdesk.ui.panels.timeline import TimelinePanel
from ferdesk.ui.panels.video import VideoPanel
from ferdesk.ui.state.settings import choices_of


@dataclass(frozen=True, slots=True)
class Panels:
    """The parts that are fed."""

    video: VideoPanel
    distribution: DistributionPanel
    timeline: TimelinePanel
    files: FilesPanel
    purification: PurificationPanel
    movements: MovementsPanel
    status: StatusPanel
    log: LogPanel

    @classmethod
    def build(cls, buffer: LogBuffer) -> Panels:
        """New panels, not yet in any window."""
        return cls(
            video=VideoPanel(),
            distribution=DistributionPanel(),
            timeline=TimelinePanel(choices_of("timeline_seconds")),
            files=FilesPanel(),
            purification=PurificationPanel(),
            movements=MovementsPanel(),
            status=StatusPanel(),
            log=LogPanel(buffer),
        )

    def restyle(self, scheme: Scheme) -> None:
        """Take the colours of another scheme."""
        for panel in (self.distribution, self.timeline, self.files, self.purification):
            panel.restyle(scheme)
