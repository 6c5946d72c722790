"""Pictures of the real window playing the built-in sample: light and dark, several sizes.

    python tools/screenshots.py [--out out/screenshots] [--checkpoint FILE] [--scale 2]
    python tools/screenshots.py --docs

`--docs` renews docs/screenshot.webp, docs/review.webp and the animated docs/window.webp instead.
Works without a display.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from ferdesk.ui.window.main_window import MainWindow

SIZES = ((900, 600), (1366, 728), (1920, 1040))
"""As the window is on screens of 1366x768 and 1920x1080 less a task bar, and at its smallest."""
_DOCS = (1280, 760)
_ANIMATED = (960, 600)
_STEP = 0.25
_LAST = 19.3
"""Seconds: the sample once, from tears to joy."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/screenshots"))
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--scale", default="1", help="as QT_SCALE_FACTOR")
    parser.add_argument("--docs", action="store_true", help="renew the pictures in docs/")
    args = parser.parse_args()
    os.environ["QT_SCALE_FACTOR"] = args.scale
    own = Path(tempfile.mkdtemp(prefix="ferdesk-"))
    for name in ("CONFIG", "STATE", "SESSIONS"):
        os.environ[f"FERDESK_{name}_DIR"] = str(own / name.lower())
    window, run_for = _open(args.checkpoint)
    if args.docs:
        _docs(window, run_for)
        _review(window, run_for, own)
    else:
        args.out.mkdir(parents=True, exist_ok=True)
        for scheme in ("dark", "light"):
            window.store.update(theme=scheme)
            for width, height in SIZES:
                window.resize(width, height)
                run_for(2.0)
                path = args.out / f"{scheme}-{width}x{height}@{args.scale}.png"
                window.grab().save(str(path))
                sys.stdout.write(f"{path}\n")
    window.close()
    shutil.rmtree(own, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)


def _open(checkpoint: Path | None) -> tuple[MainWindow, Callable[[float], None]]:
    """The window with the first reading of the sample, and a function that lets it run."""
    from ferdesk.bootstrap import prepare_environment

    prepare_environment()
    from PySide6.QtWidgets import QApplication

    from ferdesk.ui.app import WindowOptions, build
    from ferdesk.ui.dialogs.first_run import VERSION
    from ferdesk.ui.settings_store import SettingsStore

    SettingsStore().update(notice_accepted=VERSION, theme="dark")
    app = QApplication(["ferdesk"])
    window = build(app, WindowOptions("sample", checkpoint))
    window.resize(*_DOCS)
    window.show()
    window.begin("sample", checkpoint)

    def run_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            app.processEvents()
            time.sleep(0.004)

    while window.live.shown.reading is None:
        run_for(0.1)
    window.toasts.dismiss_all()
    return window, run_for


def _docs(window: MainWindow, run_for: Callable[[float], None]) -> None:
    """One picture of the moment when she cries, and the whole clip as an animated one."""
    docs = REPOSITORY / "docs"
    window.resize(*_ANIMATED)
    _again(window, run_for)
    frames: list[QImage] = []
    times: list[float] = []
    while not times or times[-1] < _LAST:
        run_for(_STEP)
        frames.append(window.grab().toImage())
        times.append(_now(window))
    lasting = [round((b - a) * 1000) for a, b in itertools.pairwise(times)]
    _save_animated(frames, [*lasting, 1000], docs / "window.webp")
    window.resize(*_DOCS)
    _again(window, run_for)
    while not 4.0 < _now(window) < 5.5:
        run_for(0.05)
    _save(window, docs / "screenshot.webp")


def _review(window: MainWindow, run_for: Callable[[float], None], place: Path) -> None:
    """The sample as a session, with two events, a correction and a chosen stretch."""
    from ferdesk.ui.state.stretch import Stretch

    command = [sys.executable, "-m", "ferdesk", "analyze", "sample", "--out", str(place / "many")]
    subprocess.run([*command, "--smoothing", "0.3"], check=True, stdout=subprocess.DEVNULL)
    work = window.session_work
    work.open(str(place / "many" / "sample"))
    while not work.reviewing:
        run_for(0.1)
    for at, label in ((0.0, "sad news"), (9.4, "good news")):
        work.review.seek(at)
        work.editing.mark(label)
    work.review.choose(Stretch(5.9, 6.6))
    work.editing.correct("sadness")
    work.review.choose(Stretch(11.0, 14.0))
    work.review.seek(12.0)
    run_for(1.0)
    window.toasts.dismiss_all()
    run_for(1.0)
    _save(window, REPOSITORY / "docs" / "review.webp")


def _save(window: MainWindow, path: Path) -> None:
    window.grab().toImage().save(str(path), None, 88)
    sys.stdout.write(f"{path}: {path.stat().st_size / 1e3:.0f} kB\n")


def _again(window: MainWindow, run_for: Callable[[float], None]) -> None:
    """The sample from its beginning."""
    window.sources.reopen()
    while window.live.shown.reading is not None:
        run_for(0.01)
    while window.live.shown.reading is None:
        run_for(0.01)
    window.toasts.dismiss_all()


def _now(window: MainWindow) -> float:
    """Where the sample is, in seconds."""
    reading = window.live.shown.reading
    return reading.frame.media_time if reading is not None else 0.0


def _save_animated(frames: list[QImage], lasting: list[int], path: Path) -> None:
    """`lasting`: milliseconds of each frame."""
    from PIL import Image

    pictures: list[Any] = []
    for frame in frames:
        rgb = frame.convertToFormat(frame.Format.Format_RGBA8888)
        size = rgb.width(), rgb.height()
        pictures.append(Image.frombytes("RGBA", size, bytes(rgb.constBits())).convert("RGB"))
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=[max(20, milliseconds) for milliseconds in lasting],
        loop=0,
        quality=45,
        method=4,
    )
    sys.stdout.write(f"{path}: {path.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
