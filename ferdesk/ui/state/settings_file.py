"""The settings in one readable file, which holds only what differs from the defaults."""

from __future__ import annotations

import json
import logging
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from ferdesk.files import make_folder, write_text
from ferdesk.ui.state.settings import Settings, parse

log = logging.getLogger(__name__)

FILE_NAME: Final = "settings.json"


class SettingsFile:
    """A file that cannot be used is never a reason not to start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complaint = ""
        """One sentence about what was wrong with the file when it was read, or ""."""
        self._foreign: dict[str, Any] = {}

    def read(self) -> Settings:
        """What the file says; the defaults where it says nothing usable."""
        try:
            raw = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(raw, dict):
                raise ValueError("not a JSON object")
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError) as error:
            log.warning("cannot read %s: %s", self.path, error)
            self.complaint = self._set_aside()
            return Settings()
        settings, refused = parse(raw)
        if refused:
            self.complaint = (
                f"The settings file {self.path} has unusable values for {', '.join(refused)}; "
                "their defaults are used."
            )
        known = {spec.name for spec in fields(Settings)}
        # A newer version of the program may know these: keep them.
        self._foreign = {key: value for key, value in raw.items() if key not in known}
        return settings

    def write(self, settings: Settings) -> None:
        """Replace the file. Raises FerdeskError when it cannot be written."""
        default = Settings()
        sparse = {
            spec.name: getattr(settings, spec.name)
            for spec in fields(Settings)
            if getattr(settings, spec.name) != getattr(default, spec.name)
        }
        text = json.dumps({**self._foreign, **sparse}, indent=2, ensure_ascii=False) + "\n"
        make_folder(self.path.parent)
        write_text(self.path, text)

    def _set_aside(self) -> str:
        aside = self.path.with_name(self.path.name + ".bad")
        try:
            self.path.replace(aside)
        except OSError:
            return f"The settings file {self.path} cannot be read; the defaults are used."
        return (
            f"The settings file {self.path} cannot be read; it was kept as {aside.name} and the "
            "defaults are used."
        )
