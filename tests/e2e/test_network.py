"""Nothing leaves this machine: the window and `analyze` under a trace of their system calls."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ferdesk.pipeline.loader import load_predictor
from ferdesk.resources import DEFAULT_CHECKPOINT, asset

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

_WINDOW = """
import time
from ferdesk.bootstrap import prepare_environment
prepare_environment()
from PySide6.QtCore import QTimer
from ferdesk.ui import app
from ferdesk.ui.dialogs.first_run import VERSION
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.window.live import LiveView
SettingsStore().update(notice_accepted=VERSION)
def tick(self, real=LiveView.tick, seen=[], start=time.monotonic()):
    real(self)
    # Ending strace would leave this process behind.
    if time.monotonic() - start > 90:
        app.QApplication.instance().exit(1)
    if self.shown.faces and not seen:
        seen.append(True)
        # MediaPipe reports once it has worked for a moment.
        QTimer.singleShot(3000, quit_all)
def quit_all():
    print("faces", flush=True)
    app.QApplication.instance().exit(0)
LiveView.tick = tick
app.leave(app.run(app.WindowOptions("sample")))
"""


@pytest.fixture(autouse=True)
def compiled() -> None:
    """Without tracing, which makes it slow."""
    load_predictor(asset(DEFAULT_CHECKPOINT), "auto")


def traced(trace: Path, *command: str) -> str:
    """What a Python process prints; its network calls, and those of its children, go to `trace`."""
    calls = "trace=connect,sendto,sendmsg,sendmmsg"
    done = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-qq", "-e", calls, "-e", "signal=none", "-o", str(trace),
         sys.executable, *command],
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    if "ptrace" in done.stderr and not trace.stat().st_size:
        pytest.skip("this machine does not allow strace")
    assert done.returncode == 0, done.stderr
    return done.stdout


def beyond_this_machine(trace: Path) -> list[str]:
    """The calls to an internet address that is not the loopback's."""
    addresses = re.compile(r"sa_family=AF_INET6?\b")
    local = re.compile(r'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"')
    calls = trace.read_text(errors="replace").splitlines()
    return [call for call in calls if addresses.search(call) and not local.search(call)]


def test_analyze_sends_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    command = ["-m", "ferdesk", "analyze", "sample", "--frames", "60", "--out", str(out)]
    traced(tmp_path / "trace", *command)
    assert beyond_this_machine(tmp_path / "trace") == []
    with out.open(newline="") as file:
        assert any(row["label"] for row in csv.DictReader(file))


def test_the_window_sends_nothing(tmp_path: Path) -> None:
    assert "faces" in traced(tmp_path / "trace", "-c", _WINDOW)
    assert beyond_this_machine(tmp_path / "trace") == []


def test_the_trace_would_show_it(tmp_path: Path) -> None:
    """A name looked up, and a packet to an address that nobody has."""
    code = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "s.connect(('192.0.2.1', 9)); s.close();"
        "s = socket.socket(); s.settimeout(1); s.connect_ex(('127.0.0.1', 9))"
    )
    traced(tmp_path / "trace", "-c", code)
    (call,) = beyond_this_machine(tmp_path / "trace")
    assert "192.0.2.1" in call
