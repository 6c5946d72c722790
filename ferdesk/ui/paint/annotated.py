"""Annotated pictures without a window."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QGuiApplication, QImage

from ferdesk.files import write_bytes
from ferdesk.ui.paint.overlay import OverlayOptions, annotate
from ferdesk.ui.state.shown import Shown

_JPEG_QUALITY: Final = 95


@contextmanager
def offscreen_painter(*, mesh: bool = True) -> Iterator[Callable[[Shown], QImage]]:
    """A function that paints the window's overlay on a reading's frame, with the landmarks' `mesh`
    or without.

    Starts an application without a display if none runs, because text needs its fonts, and ends
    it again.
    """
    application = None
    if QGuiApplication.instance() is None:
        if sys.platform.startswith("linux"):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        application = QGuiApplication(["ferdesk"])
    try:
        yield lambda shown: annotate(shown, OverlayOptions(mesh=mesh))
    finally:
        if application is not None:
            application.shutdown()


def save_annotated(shown: Shown, path: Path) -> bool:
    """Paint the overlay on the reading's frame and save it.

    False when Qt has no writer for the suffix; FerdeskError as in `ferdesk.files.replacing`.
    """
    with offscreen_painter() as paint:
        content = encoded(paint(shown), path.suffix.removeprefix("."))
    if content:
        write_bytes(path, content)
    return bool(content)


def encoded(image: QImage, file_type: str) -> bytes:
    """The bytes of a picture file such as "png" or "jpg"; none when Qt has no such writer."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    quality = _JPEG_QUALITY if file_type.lower() in ("jpg", "jpeg") else -1
    written = image.save(buffer, file_type, quality)  # type: ignore[call-overload]
    return bytes(buffer.data().data()) if written else b""
