"""`ferdesk COMMAND …` as a process of its own: what crashes there costs nothing here."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QProcess, Signal

_LONGEST: Final = 4000
"""Characters of standard error that are kept."""
_PATIENCE_MS: Final = 3000


class CommandProcess(QObject):
    """Runs one command at a time."""

    heard = Signal(str)
    """A line of its standard output."""
    ended = Signal(int, str)
    """Exit code (-1: it was not even started), and the sentence it gave as its reason, or ""."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._errors = ""
        self.stopped = False
        """`stop` was asked for since the last `start`."""

    @property
    def running(self) -> bool:
        """Whether the command is at work."""
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """`ferdesk` with these arguments; `ended` follows."""
        if self._process is not None:
            return
        self._errors, self.stopped = "", False
        process = QProcess(self)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(lambda code, _status: self._finished(code))
        process.errorOccurred.connect(lambda _error: self._failed_to_start())
        self._process = process
        process.start(sys.executable, ["-m", "ferdesk", *arguments])

    def stop(self) -> None:
        """End it as Ctrl-C does: it tidies up after itself."""
        process = self._process
        if process is None:
            return
        self.stopped = True
        if os.name == "posix" and process.processId():
            os.kill(process.processId(), signal.SIGTERM)
        else:
            process.kill()

    def close_down(self) -> None:
        """The window closes: leave no process behind."""
        process = self._process
        if process is not None:
            self.stop()
            if not process.waitForFinished(_PATIENCE_MS):
                process.kill()
                process.waitForFinished(1000)

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            self.heard.emit(bytes(process.readLine().data()).decode("utf-8", "replace"))

    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            self._errors = (self._errors + text)[-_LONGEST:]

    def _failed_to_start(self) -> None:
        if self._process is not None and self._process.state() is QProcess.ProcessState.NotRunning:
            self._finished(-1)

    def _finished(self, code: int) -> None:
        if self._process is None:
            return
        self._read()
        self._read_errors()
        self._process.deleteLater()
        self._process = None
        told = [line for line in self._errors.splitlines() if line.startswith("ferdesk: ")]
        self.ended.emit(code, told[-1].removeprefix("ferdesk: ") if told else "")
