"""The window's own figures: time to be visible, and redraws while the model is slow.

    python -m benchmarks.gui [--model-ms 500] [--seconds 8] [--starts 5]

Start: a fresh process each, from its first instruction to the first painted frame of the window;
the first one is not counted. Redraws: the real window and engine on the built-in sample, with a
network that sleeps.
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
import sys, time
from ferdesk.bootstrap import prepare_environment
prepare_environment()
from PySide6.QtCore import QTimer
from ferdesk.ui import app
from ferdesk.ui.window.main_window import MainWindow
def paint(self, event, real=MainWindow.paintEvent, painted=[]):
    real(self, event)
    if not painted:
        painted.append(True)
        sys.stdout.write(f"{time.time()}\\n")
        sys.stdout.flush()
        QTimer.singleShot(0, self.close)
MainWindow.paintEvent = paint
app.leave(app.run(app.WindowOptions("sample")))
"""
"""The real start, except that the window says when it is painted, and closes."""


def start_seconds() -> float:
    """From spawning the interpreter to the window's first paint."""
    begin = time.time()
    out = subprocess.run(
        [sys.executable, "-c", _START], capture_output=True, text=True, check=True, timeout=60
    )
    return float(out.stdout.split()[0]) - begin


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

        def predict(self, crops: Any) -> Any:
            time.sleep(model_ms / 1e3)
            return self._inner.predict(crops)

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model-ms", type=float, default=500.0)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--starts", type=int, default=5)
    args = parser.parse_args()
    own = tempfile.mkdtemp(prefix="ferdesk-")
    for name in ("CONFIG", "STATE"):
        os.environ[f"FERDESK_{name}_DIR"] = str(Path(own) / name.lower())
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from ferdesk.bootstrap import prepare_environment

    prepare_environment()
    start_seconds()
    starts = [start_seconds() for _ in range(args.starts)]
    redraws, readings = redraws_per_second(args.model_ms, args.seconds)
    sys.stdout.write(
        json.dumps(
            {
                "visible_after_s_p50": round(statistics.median(starts), 3),
                "visible_after_s_max": round(max(starts), 3),
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
