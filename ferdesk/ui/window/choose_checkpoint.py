"""Choosing the network: the card first, then the engine; recents; back to the built-in one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from ferdesk.errors import FerdeskError
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.ui.background import Jobs
from ferdesk.ui.dialogs.checkpoint import CheckpointDialog
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.engine_port import EnginePort
from ferdesk.ui.state.settings import remembered
from ferdesk.ui.window.choose_source import fill_recent_menu

SUFFIXES: Final = frozenset({".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".pkl", ".onnx"})
"""A file with one of these is offered as a checkpoint when it is dropped on the window."""


class Checkpoints(QObject):
    """Nothing is remembered before the engine said that it took the checkpoint."""

    refused = Signal(str)

    def __init__(
        self, engine: EnginePort, store: SettingsStore, jobs: Jobs, window: QWidget
    ) -> None:
        super().__init__(window)
        self._engine = engine
        self._store = store
        self._jobs = jobs
        self._window = window
        self._asked: Path | None = None
        self._asked_built_in = False
        self.dialog: CheckpointDialog | None = None

    def first(self) -> Path | None:
        """The checkpoint to start with; None is the built-in one."""
        chosen = self._store.value.checkpoint
        if not chosen:
            return None
        if Path(chosen).is_file():
            return Path(chosen)
        self.refused.emit(
            f"The checkpoint {chosen} used last time is not there any more; the built-in one is "
            "used instead."
        )
        self._store.update(checkpoint="")
        return None

    def ask(self) -> None:
        """Open checkpoint…"""
        dialog = QFileDialog(self._window, "Open checkpoint")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Checkpoints (*.safetensors)", "All files (*)"])
        dialog.fileSelected.connect(lambda name: self.show_card(Path(name)))
        dialog.open()

    def show_card(self, path: Path) -> None:
        """Show what the checkpoint says about itself, with Use and Cancel."""
        self.dialog = CheckpointDialog(path, self._jobs, self._window)
        self.dialog.used.connect(self.use)
        self.dialog.destroyed.connect(self._forget_dialog)
        self.dialog.open()

    def use(self, path: Path) -> None:
        """Ask the engine to take it; `taken` is called when it did."""
        self._asked, self._asked_built_in = path, False
        self._engine.load_checkpoint(path)

    def use_built_in(self) -> None:
        """Go back to the checkpoint that ships with ferdesk."""
        try:
            path = asset(DEFAULT_CHECKPOINT)
        except FerdeskError as error:
            self.refused.emit(str(error))
            return
        self._asked, self._asked_built_in = path, True
        self._engine.load_checkpoint(path)

    def taken(self) -> None:
        """The engine uses the checkpoint it was asked for."""
        if self._asked is None:
            return
        path, self._asked = str(self._asked), None
        if self._asked_built_in:
            self._store.update(checkpoint="")
            return
        recents = remembered(self._store.value.recent_checkpoints, path)
        self._store.update(checkpoint=path, recent_checkpoints=recents)

    def attach_recent_menu(self, menu: QMenu) -> None:
        """Fill `menu` whenever it is opened."""
        menu.aboutToShow.connect(lambda: self._refresh(menu))
        menu.addAction("Nothing yet").setEnabled(False)

    def _refresh(self, menu: QMenu) -> None:
        fill_recent_menu(
            menu,
            self._jobs,
            self._store.value.recent_checkpoints,
            lambda text: self.show_card(Path(text)),
            lambda error: self.refused.emit(str(error)),
        )

    def _forget_dialog(self) -> None:
        self.dialog = None
