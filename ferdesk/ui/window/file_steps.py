"""Back and forward among the files of a folder or a list."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject

from ferdesk.ui.actions import NO_FILES, Actions
from ferdesk.ui.panels.files import FilesPanel
from ferdesk.ui.state.engine_port import EnginePort

_COMMANDS: Final = {"previous_file": -1, "next_file": 1}


class FileSteps(QObject):
    """Connects the commands and the list of files with the engine."""

    def __init__(self, engine: EnginePort, panel: FilesPanel, commands: Actions) -> None:
        super().__init__(panel)
        self._engine = engine
        self._panel = panel
        self._commands = commands
        panel.step.connect(self.step)
        for name, by in _COMMANDS.items():
            commands[name].triggered.connect(lambda _checked=False, by=by: self.step(by))
            commands[name].setVisible(False)

    @property
    def several(self) -> bool:
        """Whether the source has more than one file."""
        return len(self._engine.files) > 1

    def source_opened(self) -> None:
        """List the files of the source in use."""
        self._panel.show_files(self._engine.files)
        for name in _COMMANDS:
            self._commands.set_enabled(name, self.several, NO_FILES)
            self._commands[name].setVisible(self.several)

    def step(self, by: int) -> None:
        """Show another file, and stay there."""
        self._commands["pause"].setChecked(False)
        self._engine.step(by)
