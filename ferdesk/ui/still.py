"""Annotated pictures without a window."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtGui import QGuiApplication, QImage

from ferdesk.pipeline.types import Reading
from ferdesk.ui.overlay import OverlayOptions, annotate


@contextmanager
def offscreen_painter() -> Iterator[Callable[[Reading], QImage]]:
    """A function that paints the window's overlay on a reading's frame.

    Starts an application without a display if none runs, because text needs its fonts, and ends
    it again.
    """
    application = None
    if QGuiApplication.instance() is None:
        if sys.platform.startswith("linux"):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        application = QGuiApplication(["ferdesk"])
    try:
        yield lambda reading: annotate(reading, OverlayOptions(mesh=True))
    finally:
        if application is not None:
            application.shutdown()


def save_annotated(reading: Reading, path: Path) -> bool:
    """Paint the overlay on the reading's frame and save it; False when Qt cannot write there."""
    with offscreen_painter() as paint:
        return paint(reading).save(str(path))
