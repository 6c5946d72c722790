"""What the person chose. One frozen dataclass is the schema of dialog, file and tests.

Window geometry is not a preference and lives in
an ini file of its own (see `ferdesk.ui.window.layout`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from ferdesk.addresses import hide_passwords

RECENT_LIMIT: Final = 10
MOST_FACES: Final = 10
"""That can be read at once."""
LONGEST_TEXT: Final = 8192
"""Characters; longer than any path or address."""


def _option(default: Any, text: str, choices: Mapping[Any, str] | None = None) -> Any:
    """A field with the sentence and the choices that the preferences dialog shows."""
    return field(default=default, metadata={"text": text, "choices": choices})


def _hidden(default: Any) -> Any:
    """A field that is remembered but not listed in the preferences."""
    return field(default=default, metadata={})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every preference with its default. Types: bool, int, float, str, tuple[str, ...]."""

    theme: str = _option(
        "system", "Colour scheme", {"system": "As the system", "light": "Light", "dark": "Dark"}
    )
    mirror: bool = _option(True, "Show cameras as a mirror")
    show_box: bool = _option(True, "Box round each face")
    show_mesh: bool = _option(False, "Landmark mesh")
    show_label: bool = _option(True, "Expression above each face")
    show_pose: bool = _option(False, "Head pose axes")
    every_frame: bool = _option(False, "Show every frame, even those that were not analysed")
    repeat_files: bool = _option(False, "Start videos and folders again when they are at their end")
    smoothing_seconds: float = _option(
        0.3,
        "Smoothing over time",
        {0.0: "Off", 0.1: "0.1 s", 0.3: "0.3 s", 0.5: "0.5 s", 1.0: "1 s"},
    )
    max_faces: int = _option(
        3, "Faces read at once", {count: str(count) for count in range(1, MOST_FACES + 1)}
    )
    keep_videos: bool = _option(True, "Keep what is read of video files for the next time")
    small_faces: bool = _option(False, "Search cameras and videos for small faces")
    """Off: it costs a fifth of a core, and who sits at a desk is found without it."""
    device: str = _option(
        "auto",
        "Where the model runs",
        {
            "auto": "Automatic",
            "openvino": "OpenVINO",
            "cpu": "CPU",
            "cuda": "CUDA",
            "mps": "MPS",
        },
    )
    timeline_seconds: int = _option(
        20, "Length of the timeline", {10: "10 s", 20: "20 s", 30: "30 s", 60: "60 s"}
    )
    coverage: float = _hidden(0.9)
    """Share of faces to be labelled, in (0, 1]; the slider in the Expression panel sets it.

    The default leaves out the tenth that the model itself trusts least: those faces are wrong
    several times as often as the rest, so a little silence buys many mistakes.
    """
    show_distribution: bool = _hidden(True)
    show_timeline: bool = _hidden(True)
    show_purification: bool = _hidden(True)
    show_movements: bool = _hidden(False)
    """In the place of the answers: at most one of the two is shown."""
    show_toolbar: bool = _hidden(True)
    source: str = _hidden("camera")
    """The source that is opened at the start: the last camera used, or the sample."""
    checkpoint: str = _hidden("")
    """Path of the checkpoint in use; "" is the one that ships with ferdesk."""
    recent_checkpoints: tuple[str, ...] = _hidden(())
    recent_sources: tuple[str, ...] = _hidden(())
    recent_sessions: tuple[str, ...] = _hidden(())
    sessions_folder: str = _hidden("")
    """Where recordings go; "" is `ferdesk.paths.sessions_dir`."""
    record_landmarks: bool = _hidden(True)
    event_keys: tuple[str, ...] = _hidden(())
    """What the keys 1, 2, … marked in the last recording; "" marks nothing."""
    stream_remember: bool = _hidden(False)
    streams: tuple[str, ...] = _hidden(())
    """Begun at the start if `stream_remember`: "lsl", "osc HOST:PORT", "websocket"."""
    notice_accepted: int = _hidden(0)
    """Version of the first-run notice that was accepted; 0: none yet."""

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            choices = spec.metadata.get("choices")
            if choices is not None and value not in choices:
                raise ValueError(f"{spec.name} cannot be {value!r}")
        if not 0.0 < self.coverage <= 1.0:
            raise ValueError(f"coverage cannot be {self.coverage!r}")


def switched(name: str, on: bool) -> dict[str, bool]:
    """What changes when a boolean setting is switched: of two panels in one place, one is shown."""
    shares = {"show_purification": "show_movements", "show_movements": "show_purification"}
    return {name: on, shares[name]: False} if on and name in shares else {name: on}


def choices_of(name: str) -> dict[Any, str]:
    """The values that a setting may have, with their texts."""
    found = next(spec for spec in fields(Settings) if spec.name == name)
    return dict(found.metadata["choices"])


def remembered(recent: tuple[str, ...], entry: str) -> tuple[str, ...]:
    """`recent` with `entry` at the front, without duplicates, not longer than the menu."""
    return (entry, *(item for item in recent if item != entry))[:RECENT_LIMIT]


def _convert(name: str, value: Any, default: Any) -> Any:
    """`value` from JSON as the type of `default`; ValueError when it does not fit."""
    if isinstance(default, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            # Earlier versions kept the passwords of addresses.
            value = [item for item in value if len(item) <= LONGEST_TEXT]
            return tuple(hide_passwords(item) for item in value)[:RECENT_LIMIT]
    elif isinstance(default, bool) or isinstance(value, bool):
        if isinstance(value, type(default)):
            return value
    elif isinstance(default, float):
        if isinstance(value, int | float):
            return float(value)
    elif isinstance(value, type(default)) and (
        not isinstance(value, str) or len(value) <= LONGEST_TEXT
    ):
        return value
    raise ValueError(f"{name} cannot be {type(value).__name__}")


def parse(raw: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Settings from the JSON object and the names of the entries that were not usable."""
    settings, refused = Settings(), []
    known = {spec.name for spec in fields(Settings)}
    for name, value in raw.items():
        if name not in known:
            continue
        try:
            converted = _convert(name, value, getattr(settings, name))
            settings = replace(settings, **{name: converted})
        except (ValueError, TypeError, OverflowError):
            refused.append(name)
    return settings, refused
