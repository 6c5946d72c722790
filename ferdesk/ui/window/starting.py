"""Starting what was chosen: videos with a transport, everything else as it comes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ferdesk.errors import FerdeskError
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.window.narrator import Narrator
from ferdesk.ui.window.session_work import SessionWork

if TYPE_CHECKING:
    from ferdesk.sources.spec import SourceSpec


class Starting(QObject):
    """`first_checkpoint` comes with the first start; afterwards the one in use stays."""

    refused = Signal(str)

    def __init__(
        self, engine: EnginePort, work: SessionWork, narrator: Narrator, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._work = work
        self._narrator = narrator
        self.first_checkpoint: Path | None = None
        work.videos.not_possible.connect(self.play)
        narrator.checkpoint_loaded.connect(work.videos.checkpoint_loaded)

    def start(self, spec: SourceSpec) -> None:
        """Open this source. What is being recorded is read as it comes, videos too."""
        if spec.kind == "video" and not self._work.recording.running:
            self._work.videos.open(spec, self.first_checkpoint)
            self.first_checkpoint = None
        else:
            self.play(spec)

    def play(self, spec: SourceSpec) -> None:
        """As it comes: the engine reads what it can."""
        try:
            self._engine.start(spec, self.first_checkpoint)
        except FerdeskError as error:
            self.refused.emit(str(error))
            return
        self.first_checkpoint = None
        self._narrator.opening(spec.shown if spec.value else f"the {spec.kind.value}")
