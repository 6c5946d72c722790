"""Writing the picture to a file, with or without what is painted over it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import QDir, QObject, QStandardPaths, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from ferdesk.files import write_bytes
from ferdesk.ui.background import Jobs
from ferdesk.ui.paint.annotated import encoded
from ferdesk.ui.paint.overlay import OverlayOptions, annotate
from ferdesk.ui.state.shown import Shown

WITH: Final = "Picture with overlay (*.png)"
WITHOUT: Final = "Picture without overlay (*.png)"
_NOTHING: Final = OverlayOptions(box=False, label=False, mesh=False, pose=False)


def render(shown: Shown, options: OverlayOptions, with_overlay: bool) -> QImage:
    """The analysed frame at its own size; without overlay it is exactly what was captured."""
    return annotate(shown, options if with_overlay else _NOTHING)


class Snapshots(QObject):
    """Asks where to, and writes there on another thread."""

    saved = Signal(Path)
    failed = Signal(str)

    def __init__(self, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._jobs = jobs
        self._window = window
        self._folder = QStandardPaths.writableLocation(
            QStandardPaths.StandardLocation.PicturesLocation
        )

    def ask(self, shown: Shown, options: OverlayOptions) -> None:
        """Save snapshot… of what is shown at this moment."""
        dialog = QFileDialog(self._window, "Save snapshot")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([WITH, WITHOUT])
        dialog.setDefaultSuffix("png")
        dialog.setDirectory(QDir(self._folder))
        dialog.selectFile(f"ferdesk-{datetime.now():%Y-%m-%d-%H%M%S}.png")
        dialog.fileSelected.connect(
            lambda name: self.save(
                Path(name), shown, options, dialog.selectedNameFilter() != WITHOUT
            )
        )
        dialog.open()

    def save(self, path: Path, shown: Shown, options: OverlayOptions, with_overlay: bool) -> None:
        """Write a PNG; `saved` or `failed` follows."""
        self._folder = str(path.parent)
        image = render(shown, options, with_overlay)

        def write() -> Path:
            write_bytes(path, encoded(image, "png"))
            return path

        self._jobs.run(
            write, self.saved.emit, lambda error: self.failed.emit(str(error)), owner=self
        )
