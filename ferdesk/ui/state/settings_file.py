"""The settings in one readable file, which holds only what differs from the defaults."""

from __future__ import annotations

import json
import logging
import stat
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, write_text
from ferdesk.model.tensor_file import parse_json
from ferdesk.ui.state.settings import Settings, parse

log = logging.getLogger(__name__)

FILE_NAME: Final = "settings.json"
_LARGEST: Final = 2**20
_KNOWN: Final = tuple(spec.name for spec in fields(Settings))


class SettingsFile:
    """A file that cannot be used is never a reason not to start.

    Several windows may share one: each writes only what was changed in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.complaint = ""
        """One sentence about what was wrong with the file when it was read, or ""."""
        self._foreign: dict[str, Any] = {}
        self._told = Settings()
        """What was read or written last: what differs from it was changed in this window."""

    def read(self) -> Settings:
        """What the file says; the defaults where it says nothing usable."""
        try:
            raw = self._entries()
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
        # A newer version of the program may know these: keep them.
        self._foreign = {key: value for key, value in raw.items() if key not in _KNOWN}
        self._told = settings
        return settings

    def write(self, settings: Settings) -> None:
        """Bring what changed since the last call into the file. Raises FerdeskError."""
        default, told = Settings(), self._told
        try:
            entries = self._entries()
            for name in parse(entries)[1]:
                del entries[name]
        except (OSError, ValueError):
            if self._in_the_way():
                raise FerdeskError(f"'{self.path}' is not a file.") from None
            entries, told = dict(self._foreign), default
        for name in _KNOWN:
            value = getattr(settings, name)
            if value != getattr(told, name):
                entries.pop(name, None)
                if value != getattr(default, name):
                    entries[name] = value
        make_folder(self.path.parent)
        write_text(self.path, json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
        self._told = settings

    def _entries(self) -> dict[str, Any]:
        """The file's JSON object. Raises OSError, or ValueError for any other content."""
        if self._in_the_way():
            raise ValueError("not a file")
        with self.path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError("too long")
        raw = parse_json(content.decode("utf-8"))
        if not isinstance(raw, dict):
            raise ValueError("not a JSON object")
        return raw

    def _in_the_way(self) -> bool:
        """Whether there is a folder, pipe or device of this name."""
        try:
            return not stat.S_ISREG(self.path.stat().st_mode)
        except OSError:
            return False

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
