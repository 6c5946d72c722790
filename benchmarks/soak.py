"""The real window on the sample for a long time: does memory, or the number of threads, grow?

    python -m benchmarks.soak [--minutes 10] [--source sample]

Prints a row per tenth of the time: resident memory, threads, open files, readings. What counts is
the growth from the first row to the last: both are medians of their tenth, and a warm-up of a
minute (a fifth of the time when that is less) goes before. Exit code 1 when memory grew by 5 MB or
more, or when there is a thread or an open file more.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from ferdesk.ui.window.main_window import MainWindow

MOST_GROWTH_MB = 5.0
ROWS = 10
_EVERY = 0.5
"""Seconds between two looks."""
_PATIENCE = 300.0
"""Seconds until the first reading."""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over a tenth of the time."""

    minutes: float
    memory_mb: float
    threads: int
    files: int
    readings: int
    """Since the row before."""


def system_threads() -> int:
    """Of the process, those of libraries included; Python's own where /proc is missing."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


def open_files() -> int:
    """Descriptors of the process; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def run_for(app: QApplication, seconds: float) -> None:
    """Let the window work, as its own loop would."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        app.processEvents()
        time.sleep(0.002)


def measured(app: QApplication, window: MainWindow, seconds: float, begun: float) -> Row:
    """One row, looked at twice a second."""
    from ferdesk.memory import resident_mb

    before = window.engine.stats().analysed
    memory, threads, files = [], [], []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run_for(app, min(_EVERY, seconds))
        memory.append(resident_mb())
        threads.append(system_threads())
        files.append(open_files())
    return Row(
        (time.monotonic() - begun) / 60,
        statistics.median(memory),
        round(statistics.median(threads)),
        round(statistics.median(files)),
        window.engine.stats().analysed - before,
    )


def soak(source: str, minutes: float) -> list[Row]:
    """The rows, told as they come."""
    from PySide6.QtWidgets import QApplication

    from ferdesk.ui.app import WindowOptions, build

    app = QApplication.instance() or QApplication(["ferdesk"])
    assert isinstance(app, QApplication)
    window = build(app, WindowOptions(source))
    window.resize(1280, 800)
    window.show()
    window.begin(source, None)
    deadline = time.monotonic() + _PATIENCE
    while not window.engine.stats().analysed:
        # The first time on a computer the network is compiled.
        if time.monotonic() > deadline:
            raise SystemExit("No reading came.")
        run_for(app, _EVERY)
    run_for(app, min(60.0, minutes * 12))
    begun = time.monotonic()
    sys.stdout.write(f"{'min':>6} {'MB':>8} {'threads':>8} {'files':>6} {'readings':>9}\n")
    rows = []
    for _ in range(ROWS):
        row = measured(app, window, minutes * 60 / ROWS, begun)
        rows.append(row)
        sys.stdout.write(
            f"{row.minutes:6.1f} {row.memory_mb:8.1f} {row.threads:8} {row.files:6} "
            f"{row.readings:9,}\n"
        )
        sys.stdout.flush()
    window.close()
    run_for(app, 1.0)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--source", default="sample")
    args = parser.parse_args()
    own = Path(tempfile.mkdtemp(prefix="ferdesk-soak-"))
    for name in ("CONFIG", "STATE"):
        os.environ[f"FERDESK_{name}_DIR"] = str(own / name.lower())
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from ferdesk.bootstrap import prepare_environment

    prepare_environment()
    from ferdesk.ui.dialogs.first_run import VERSION
    from ferdesk.ui.settings_store import SettingsStore

    SettingsStore().update(notice_accepted=VERSION, repeat_files=True)
    rows = soak(args.source, args.minutes)
    first, last = rows[0], rows[-1]
    grown = last.memory_mb - first.memory_mb
    threads, files = last.threads - first.threads, last.files - first.files
    sys.stdout.write(f"growth: {grown:+.1f} MB, {threads:+} threads, {files:+} files\n")
    sys.stdout.flush()
    bad = grown >= MOST_GROWTH_MB or threads > 0 or files > 0 or not last.readings
    # Libraries of the window take long to let go of their threads.
    os._exit(1 if bad else 0)


if __name__ == "__main__":
    main()
