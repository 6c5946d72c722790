"""The process before anything heavy is imported: environment, OpenCV, logging."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import sys
import warnings
from pathlib import Path

from ferdesk.addresses import CleanFormatter
from ferdesk.paths import state_dir
from ferdesk.threads import thread_budget
from ferdesk.vision.reports import block_reports

_QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_LOG_BYTES = 2_000_000


def prepare_environment() -> None:
    """Settings of the libraries; call it first.

    Importing cv2 on Linux points Qt to plugins and fonts of its own: that is undone here, for this
    process and its children. MediaPipe's reports are blocked. OpenMP is told how many threads it
    may start before torch loads it.
    """
    block_reports()
    budget = thread_budget()
    os.environ.setdefault("OMP_NUM_THREADS", str(budget.model))
    # What OpenCV cannot read is told in a sentence of ours.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "FATAL")
    # A second wall behind the header that `pictures` reads, with room for rounding.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(64 * 2**20))
    # macOS: the permission dialog cannot be shown from the capture thread.
    os.environ.setdefault("OPENCV_AVFOUNDATION_SKIP_AUTH", "1")
    # Pillow reads headers only, and warns about damaged ones on stderr.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    before = {name: os.environ.get(name) for name in _QT_VARIABLES}

    import cv2

    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    cv2.setNumThreads(budget.opencv)


def start_logging(verbose: bool = False) -> Path | None:
    """Warnings to stderr, everything to a rotating file; returns its path, or None without one."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    logging.getLogger("ferdesk").setLevel(logging.DEBUG)
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.INFO if verbose else logging.ERROR)
    console.setFormatter(CleanFormatter("%(levelname)s %(message)s"))
    root.addHandler(console)
    if sys.stderr is not None and hasattr(sys.stderr, "fileno"):
        faulthandler.enable()
    path = state_dir() / "ferdesk.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8"
        )
    except OSError as error:
        logging.getLogger(__name__).warning("no log file: %s", error)
        return None
    file.setFormatter(
        CleanFormatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")
    )
    root.addHandler(file)
    return path
