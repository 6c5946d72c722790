"""readings.json: what the CSV beside it holds, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferdesk import __version__
from ferdesk.commands.analyze.walk import Walk
from ferdesk.sources.base import SourceInfo
from ferdesk.sources.spec import SourceSpec
from ferdesk.table.columns import described

if TYPE_CHECKING:
    from ferdesk.model.predictor import Predictor


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that was known before the first frame."""

    spec: SourceSpec
    info: SourceInfo
    folder: Path | None
    predictor: Predictor
    smoothing: float
    coverage: float
    threshold: float
    max_faces: int
    small_faces: bool
    frames: int
    columns: Sequence[str]


def description(name: str, setting: Setting, walk: Walk, cut_off: str = "") -> dict[str, Any]:
    """The JSON object beside the CSV `name`; `cut_off`: why the readings end before the source."""
    if walk.stopped:
        ended = "Ctrl-C"
    else:
        ended = "--frames" if setting.frames == walk.frames else "end of the source"
    predictor = setting.predictor
    return {
        "readings": name,
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "ferdesk": __version__,
        "complete": not cut_off,
        "ended": cut_off or ended,
        "source": {
            "kind": str(setting.spec.kind),
            "name": setting.spec.shown,
            "detail": setting.info.detail,
            "folder": None if setting.folder is None else str(setting.folder),
        },
        "checkpoint": {
            "name": predictor.card.name,
            "sha256": predictor.card.sha256 or None,
        },
        "device": predictor.device,
        "precision": predictor.precision,
        "settings": {
            "smoothing_seconds": setting.smoothing,
            "coverage": setting.coverage,
            "threshold": setting.threshold,
            "max_faces": setting.max_faces,
            "small_faces": setting.small_faces,
            "frames": setting.frames or None,
        },
        "counts": {
            "frames": walk.frames,
            "frames_with_a_face": walk.with_face,
            "rows": walk.rows,
        },
        "not_read": list(walk.faults()),
        "columns": described(setting.columns),
    }
