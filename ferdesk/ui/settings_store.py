"""The settings of this run: every change is written at once and told to everyone."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from ferdesk.errors import FerdeskError
from ferdesk.paths import config_dir
from ferdesk.ui.state.settings_file import FILE_NAME, SettingsFile

log = logging.getLogger(__name__)


class SettingsStore(QObject):
    """Holds the settings and writes every change at once."""

    changed = Signal(object, object)
    """(old Settings, new Settings)"""
    problem = Signal(str)
    """One sentence: the file could not be written."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._file = SettingsFile(path or config_dir() / FILE_NAME)
        self._write_failed = False
        self.path = self._file.path
        self.value = self._file.read()
        self.complaint = self._file.complaint
        """One sentence about what was wrong with the file when it was read, or ""."""

    def update(self, **changes: Any) -> None:
        """Change some settings, write them and tell everyone. TypeError for an unknown name."""
        old, new = self.value, replace(self.value, **changes)
        if new == old:
            return
        self.value = new
        self._write()
        self.changed.emit(old, new)

    def _write(self) -> None:
        try:
            self._file.write(self.value)
        except FerdeskError as error:
            log.warning("%s", error)
            if not self._write_failed:
                self._write_failed = True
                self.problem.emit(
                    f"The settings cannot be written to {self.path}; changes last until ferdesk "
                    "is closed."
                )
            return
        self._write_failed = False
