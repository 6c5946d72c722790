"""Pictures of the real window playing the built-in sample: light and dark, two sizes.

    python tools/screenshots.py [--out out/screenshots] [--checkpoint FILE] [--seconds 9]

The dark one at 1280×800 also becomes docs/screenshot.png.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/screenshots"))
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--seconds", type=float, default=9.0, help="of the sample before the shot")
    args = parser.parse_args()
    own = Path(tempfile.mkdtemp(prefix="ferdesk-"))
    for name in ("CONFIG", "STATE", "CACHE"):
        os.environ[f"FERDESK_{name}_DIR"] = str(own / name.lower())

    from ferdesk.bootstrap import prepare_environment

    prepare_environment()
    from PySide6.QtWidgets import QApplication

    from ferdesk.ui.app import WindowOptions, build
    from ferdesk.ui.dialogs.first_run import VERSION
    from ferdesk.ui.settings_store import SettingsStore

    SettingsStore().update(notice_accepted=VERSION, show_mesh=True)
    app = QApplication(["ferdesk"])
    args.out.mkdir(parents=True, exist_ok=True)
    options = WindowOptions("sample", args.checkpoint)
    window = build(app, options)
    window.resize(1280, 800)
    window.show()
    window.begin(options.source, options.checkpoint)

    def run_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            app.processEvents()
            time.sleep(0.004)

    run_for(args.seconds + 4)
    for scheme in ("dark", "light"):
        window.store.update(theme=scheme)
        for width, height in ((1280, 800), (1920, 1080)):
            window.resize(width, height)
            run_for(1.5)
            path = args.out / f"{scheme}-{width}x{height}.png"
            window.grab().save(str(path))
            sys.stdout.write(f"{path}\n")
    window.close()
    shutil.copy(args.out / "dark-1280x800.png", REPOSITORY / "docs" / "screenshot.png")
    shutil.rmtree(own, ignore_errors=True)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
