"""The window's own figures: time to be visible and to the first reading, and redraws.

    python -m benchmarks.gui [--model-ms 500] [--seconds 8] [--starts 5]

Start: a fresh process each, from its spawning to the first painted frame of the window and to the
first reading that the window took; the CPU time of the main thread and of the whole process until
then, which other work on the machine changes little; its resident memory two seconds later. The
first start is counted apart: it compiles the network, the others find it compiled. `analyze`: the
wall and CPU time of `ferdesk analyze sample --frames 1`. Redraws: the real window and engine on the
built-in sample, with a network that sleeps.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_START = """
import json, sys, time
from ferdesk.bootstrap import prepare_environment
prepare_environment()
from PySide6.QtCore import QTimer
from ferdesk.memory import resident_mb
from ferdesk.ui import app
from ferdesk.ui.dialogs.first_run import VERSION
from ferdesk.ui.settings_store import SettingsStore
SettingsStore().update(notice_accepted=VERSION)
from ferdesk.ui.window.live import LiveView
from ferdesk.ui.window.main_window import MainWindow
found = {}
def paint(self, event, real=MainWindow.paintEvent):
    real(self, event)
    found.setdefault("visible", (time.time(), time.thread_time(), time.process_time()))
def tick(self, real=LiveView.tick):
    real(self)
    if self.shown.reading is not None and "reading" not in found:
        found["reading"] = time.time(), time.thread_time(), time.process_time()
        QTimer.singleShot(2000, lambda: finish(self))
def finish(view):
    found["resident"] = resident_mb()
    found["torch"] = "torch" in sys.modules
    sys.stdout.write(json.dumps(found) + "\\n")
    sys.stdout.flush()
    window[0].close()
window = []
def begin(self, *args, real=MainWindow.begin):
    window.append(self)
    real(self, *args)
MainWindow.paintEvent, MainWindow.begin, LiveView.tick = paint, begin, tick
app.leave(app.run(app.WindowOptions("sample")))
"""
"""The real start, except that the window says how far it is, and closes."""


def start() -> dict[str, float]:
    """One start: seconds, CPU seconds, MB."""
    begin = time.time()
    out = subprocess.run(
        [sys.executable, "-c", _START], capture_output=True, text=True, check=True, timeout=300
    )
    found = json.loads(out.stdout)
    return {
        "visible_s": found["visible"][0] - begin,
        "visible_main_thread_cpu_s": found["visible"][1],
        "visible_cpu_s": found["visible"][2],
        "first_reading_s": found["reading"][0] - begin,
        "first_reading_main_thread_cpu_s": found["reading"][1],
        "first_reading_cpu_s": found["reading"][2],
        "resident_mb": found["resident"],
    }


def analyze_one() -> dict[str, float]:
    """Seconds and CPU seconds of `ferdesk analyze sample --frames 1`."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["analyze", "sample", "--frames", "1", "--out", str(Path(folder) / "out.csv")]
        begin, before = time.time(), os.times()
        subprocess.run(
            [sys.executable, "-m", "ferdesk", *arguments], capture_output=True, check=True
        )
        after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return {"analyze_s": time.time() - begin, "analyze_cpu_s": cpu}


def redraws_per_second(model_ms: float, seconds: float) -> tuple[float, float]:
    """(redraws, readings) a second of the real window while every prediction takes `model_ms`."""
    from PySide6.QtWidgets import QApplication

    from ferdesk.pipeline.engine import Engine
    from ferdesk.pipeline.loader import load_predictor
    from ferdesk.ui.app import WindowOptions, build
    from ferdesk.ui.state.engine_port import engine_options

    class Slow:
        """A predictor that takes its time."""

        def __init__(self, path: Path, device: str) -> None:
            self._inner = load_predictor(path, device)
            self.card, self.device = self._inner.card, self._inner.device

        def predict(self, crops: Any, geometry: Any) -> Any:
            time.sleep(model_ms / 1e3)
            return self._inner.predict(crops, geometry)

    app = QApplication.instance() or QApplication(["ferdesk"])
    window = build(
        app,  # type: ignore[arg-type]
        WindowOptions("sample"),
        lambda settings, bridge: Engine(
            engine_options(settings),
            bridge.post,
            predictor_factory=Slow,  # type: ignore[arg-type]
        ),
    )
    window.resize(1280, 800)
    window.show()
    window.begin("sample", None)

    def run_for(duration: float) -> None:
        end = time.monotonic() + duration
        while time.monotonic() < end:
            app.processEvents()
            time.sleep(0.001)

    run_for(8)
    before, analysed = window.panels.video.redraws, window.engine.stats().analysed
    begin = time.monotonic()
    run_for(seconds)
    took = time.monotonic() - begin
    result = (
        (window.panels.video.redraws - before) / took,
        (window.engine.stats().analysed - analysed) / took,
    )
    window.close()
    return result


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return _rounded({name: statistics.median(run[name] for run in runs) for name in runs[0]})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model-ms", type=float, default=500.0)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--starts", type=int, default=5)
    args = parser.parse_args()
    own = tempfile.mkdtemp(prefix="ferdesk-")
    for name in ("CONFIG", "STATE", "CACHE"):
        os.environ[f"FERDESK_{name}_DIR"] = str(Path(own) / name.lower())
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from ferdesk.bootstrap import prepare_environment

    prepare_environment()
    first = start()
    starts = [start() for _ in range(args.starts)]
    analyses = [analyze_one() for _ in range(args.starts)]
    redraws, readings = redraws_per_second(args.model_ms, args.seconds)
    sys.stdout.write(
        json.dumps(
            {
                "first_start": _rounded(first),
                "starts_p50": _medians(starts),
                "analyze_p50": _medians(analyses),
                "model_ms": args.model_ms,
                "redraws_per_second": round(redraws, 1),
                "readings_per_second": round(readings, 2),
            }
        )
        + "\n"
    )
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
