"""Writing the picture to a file, with or without what is painted over it."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import QDir, QObject, QStandardPaths, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from ferdesk.errors import FerdeskError
from ferdesk.files import write_bytes
from ferdesk.ui.background import Jobs
from ferdesk.ui.paint.annotated import encoded
from ferdesk.ui.paint.overlay import OverlayOptions, annotate
from ferdesk.ui.state.shown import Shown

WITH: Final = "PNG with overlay (*.png)"
WITHOUT: Final = "PNG without overlay (*.png)"
JPEG_WITH: Final = "JPEG with overlay (*.jpg *.jpeg)"
JPEG_WITHOUT: Final = "JPEG without overlay (*.jpg *.jpeg)"
_SUFFIXES: Final = (".png", ".jpg", ".jpeg")
_NOTHING: Final = OverlayOptions(box=False, label=False, mesh=False, pose=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a snapshot says about itself, besides the time."""

    source: str
    """Display name."""
    checkpoint: str


def render(shown: Shown, options: OverlayOptions, with_overlay: bool) -> QImage:
    """The analysed frame at its own size; without overlay it is exactly what was captured."""
    return annotate(shown, options if with_overlay else _NOTHING)


def describe(image: QImage, shown: Shown, facts: Facts) -> None:
    """Write time, source and checkpoint into the picture (PNG text, JPEG comment)."""
    assert shown.reading is not None
    frame = shown.reading.frame
    at = datetime.fromtimestamp(time.time() - (time.perf_counter() - frame.captured_at))
    image.setText("Software", "ferdesk")
    image.setText("Creation Time", at.astimezone().isoformat(timespec="milliseconds"))
    source = frame.file.name if frame.file is not None else facts.source
    if not frame.still and frame.file is not None:
        source += f" at {frame.media_time:.3f} s"
    image.setText("Source", source)
    image.setText("Checkpoint", facts.checkpoint)


def target(chosen: Path, file_filter: str) -> Path:
    """The file to write: with the suffix that was typed, or else that of the chosen type.

    A name that was not confirmed in the dialog never replaces a file: it gets a number.
    """
    if chosen.suffix.lower() in _SUFFIXES:
        return chosen
    suffix = ".jpg" if file_filter in (JPEG_WITH, JPEG_WITHOUT) else ".png"
    names = (f"-{number}" if number > 1 else "" for number in itertools.count(1))
    paths = (chosen.with_name(f"{chosen.name}{name}{suffix}") for name in names)
    return next(path for path in paths if not path.exists())


class Snapshots(QObject):
    """Asks where to, and writes there on another thread."""

    saved = Signal(Path)
    failed = Signal(str)

    def __init__(self, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._jobs = jobs
        self._window = window
        self._filter = WITH
        self._folder = QStandardPaths.writableLocation(
            QStandardPaths.StandardLocation.PicturesLocation
        )

    def ask(self, shown: Shown, options: OverlayOptions, facts: Facts) -> None:
        """Save snapshot… of what is shown at this moment. The dialog asks before replacing."""
        dialog = QFileDialog(self._window, "Save snapshot")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([WITH, WITHOUT, JPEG_WITH, JPEG_WITHOUT])
        dialog.selectNameFilter(self._filter)
        dialog.setDirectory(QDir(self._folder))
        dialog.selectFile(f"ferdesk-{datetime.now():%Y-%m-%d-%H%M%S}")
        dialog.fileSelected.connect(
            lambda name: self.save(
                Path(name), shown, options, facts, file_filter=dialog.selectedNameFilter()
            )
        )
        dialog.open()

    def save(
        self,
        chosen: Path,
        shown: Shown,
        options: OverlayOptions,
        facts: Facts,
        *,
        file_filter: str = WITH,
    ) -> None:
        """Write the picture; `saved` or `failed` follows."""
        self._folder, self._filter = str(chosen.parent), file_filter
        image = render(shown, options, file_filter not in (WITHOUT, JPEG_WITHOUT))
        describe(image, shown, facts)
        source = shown.reading.frame.file if shown.reading is not None else None

        def write() -> Path:
            path = target(chosen, file_filter)
            if source is not None and path.exists() and path.samefile(source):
                raise FerdeskError(
                    f"The snapshot was not saved: '{path.name}' is the file that is being read; "
                    "choose another name."
                )
            write_bytes(path, encoded(image, path.suffix.lower().removeprefix(".")))
            return path

        self._jobs.run(
            write, self.saved.emit, lambda error: self.failed.emit(str(error)), owner=self
        )
