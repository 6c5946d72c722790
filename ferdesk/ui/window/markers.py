"""Markers of another program over LSL, as events of what is being recorded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog, QWidget

from ferdesk.errors import FerdeskError
from ferdesk.ui.actions import COMMANDS, Actions
from ferdesk.ui.background import Jobs

if TYPE_CHECKING:
    from ferdesk.streams.markers import MarkerInlet

_COMMAND = "stream_markers"


class Markers(QObject):
    """At most one stream of markers, by its name; it may come and go while it is listened for."""

    heard = Signal(str, float)
    """Label, and when `time.perf_counter()` showed the marker's time; from another thread."""
    told = Signal(str)
    refused = Signal(str)

    def __init__(self, jobs: Jobs, commands: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._jobs = jobs
        self._action = commands[_COMMAND]
        self._window = window
        self._wanted = ""
        self.inlet: MarkerInlet | None = None
        self._action.triggered.connect(lambda on=False: self.ask() if on else self.end())

    def ask(self) -> None:
        """Which stream; listening begins when the dialog is accepted."""
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("LSL markers")
        dialog.setLabelText("Name of the stream of type Markers")
        dialog.textValueSelected.connect(lambda text: self.begin(text.strip()))
        dialog.rejected.connect(lambda: self._action.setChecked(False))
        dialog.open()

    def begin(self, name: str) -> None:
        """Listen for the stream called `name`; `refused` when that cannot be."""
        self.end()
        self._wanted = name
        self._action.setChecked(True)
        self._jobs.run(partial(self._open, name), self._opened, self._failed, owner=self)

    def end(self) -> None:
        """Listen no more."""
        self._wanted = ""
        self._action.setChecked(False)
        self._action.setText(COMMANDS[_COMMAND].text)
        inlet, self.inlet = self.inlet, None
        if inlet is not None:
            self._jobs.run(inlet.close, lambda _: None, lambda _: None)

    def close(self) -> None:
        """The window closes."""
        self._wanted = ""
        if self.inlet is not None:
            self.inlet.close(1.0)

    def _open(self, name: str) -> MarkerInlet:
        from ferdesk.streams.markers import MarkerInlet

        return MarkerInlet(name, self.heard.emit)

    def _opened(self, inlet: MarkerInlet) -> None:
        if self._wanted != inlet.name:
            self._jobs.run(inlet.close, lambda _: None, lambda _: None)
            return
        self.inlet = inlet
        self._action.setText(f"Note LSL markers: {inlet.name.replace('&', '&&')}")
        self.told.emit(f"Markers of '{inlet.name}' become events of what is recorded.")

    def _failed(self, error: FerdeskError) -> None:
        self.end()
        self.refused.emit(str(error))
