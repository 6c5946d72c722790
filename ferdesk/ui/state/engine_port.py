"""What the window needs of an engine. The real one and the one of the tests both are this."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ferdesk.pipeline.types import EngineState, EngineStats, Reading
from ferdesk.sources.base import Frame
from ferdesk.ui.state.settings import Settings

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card
    from ferdesk.pipeline.engine import EngineOptions
    from ferdesk.sources.spec import SourceSpec


class EnginePort(Protocol):
    """See `ferdesk.pipeline.engine.Engine`. Every method returns at once, except `close`."""

    @property
    def state(self) -> EngineState: ...
    @property
    def paused(self) -> bool: ...
    @property
    def card(self) -> Card | None: ...
    def start(self, spec: SourceSpec, checkpoint: Path | None = None) -> None: ...
    def stop(self) -> None: ...
    def load_checkpoint(self, path: Path) -> None: ...
    def set_options(self, options: EngineOptions) -> None: ...
    def pause(self, paused: bool) -> None: ...
    @property
    def files(self) -> tuple[Path, ...]: ...
    def step(self, by: int) -> None: ...
    def reset(self) -> None: ...
    def take_reading(self) -> Reading | None: ...
    def take_preview(self) -> Frame | None: ...
    def stats(self) -> EngineStats: ...
    def close(self, timeout: float = 2.0) -> object: ...


def engine_options(settings: Settings) -> EngineOptions:
    """What the settings mean for the engine."""
    from ferdesk.pipeline.engine import EngineOptions

    return EngineOptions(
        smoothing_seconds=settings.smoothing_seconds,
        max_faces=settings.max_faces,
        small_faces=settings.small_faces,
        device=settings.device,
    )
