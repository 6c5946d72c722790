"""What was decided before a recording begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferdesk.paths import sessions_dir
from ferdesk.ui.state.settings import Settings

KEYS: Final = 9
"""The keys 1 to 9 mark events."""


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """Where a recording goes, whom it is of, and what it keeps."""

    folder: Path
    """The session becomes a folder inside this one."""
    participant: str = ""
    note: str = ""
    video: bool = False
    landmarks: bool = True
    keys: tuple[str, ...] = ()
    """Labels of the keys 1, 2, …; "" marks nothing."""

    @classmethod
    def from_settings(cls, settings: Settings) -> RecordingPlan:
        """As the last recording was, but without video: that is agreed to anew each time."""
        return cls(
            folder=Path(settings.sessions_folder) if settings.sessions_folder else sessions_dir(),
            landmarks=settings.record_landmarks,
            keys=settings.event_keys,
        )

    def label(self, key: int) -> str:
        """What the key (1..9) marks; "" for nothing."""
        return self.keys[key - 1].strip() if 0 < key <= len(self.keys) else ""


def size(count: float) -> str:
    """Bytes as `980 kB`, `4.2 MB` or `120 GB`."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            value = count / unit
            return f"{value:.1f} {name}" if value < 10 else f"{value:.0f} {name}"
    return f"{count / 1e3:.0f} kB"
