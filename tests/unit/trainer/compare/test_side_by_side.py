"""Cells beside each other: real processes with work that only looks like training."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from ferdesk.interrupt import Interrupt
from tests.unit.trainer.fake_run import write_cell
from trainer.compare.grid import Grid
from trainer.compare.methods import plan
from trainer.compare.side_by_side import SideBySide
from trainer.config import TrainConfig

BASE = TrainConfig(data="ferplus:x", epochs=2, measure_on="valid")
METHODS = ("cross_entropy", "scn", "rul")


SCRIPT = """
import sys
from pathlib import Path
from tests.unit.trainer.compare import test_side_by_side as work

if __name__ == "__main__":
    out, number, name, *more = Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
    work.grid(out, *more).run(work.SideBySide(number, out, getattr(work, name)), work.nothing)
"""


def begin(run: Path) -> list[str]:
    """Leave a note of this process; returns all that have begun."""
    notes = run.parents[2] / "begun"
    notes.mkdir(exist_ok=True)
    (notes / f"{run.name}-{os.getpid()}").touch()
    return sorted(path.name for path in notes.iterdir())


def finish(config: TrainConfig, run: Path) -> None:
    write_cell(run, config, pictures=70, skill=1.0)


def wait_for_another(config: TrainConfig, run: Path, *, label: str) -> None:
    assert label == f"0.3/seed-1/{config.method}"
    deadline = time.monotonic() + 60
    while len(begin(run)) < 2:
        assert time.monotonic() < deadline, "nothing runs beside it"
        time.sleep(0.02)
    finish(config, run)


def fail_in_many_ways(config: TrainConfig, run: Path, *, label: str) -> None:
    begin(run)
    if config.method == "cross_entropy":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.method == "scn":
        raise FerdeskError("The weights are for another network.")
    if config.method == "rul":
        raise RuntimeError("no memory")
    finish(config, run)


def until_stopped(config: TrainConfig, run: Path, *, label: str) -> None:
    with Interrupt() as interrupt:
        begin(run)
        while not interrupt.asked:
            time.sleep(0.02)
        run.mkdir(parents=True)
        (run / "saved").touch()
    raise KeyboardInterrupt


def grid(out: Path, *more: str) -> Grid:
    return Grid(BASE, plan(["0.3"], (*METHODS, *more), 1, 1), out)


def states(out: Path) -> dict[str, str]:
    entries = [json.loads(path.read_text()) for path in (out / "state").glob("*.json")]
    return {e["method"]: e["state"] for e in entries}


def nothing() -> None:
    """No page."""


def processes(out: Path) -> dict[str, int]:
    """Process number by method."""
    found = [path.name.rpartition("-") for path in (out / "begun").glob("*")]
    return {method: int(number) for method, _, number in found}


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{number}/stat")
    # A zombie that nobody has waited for is at an end, too.
    return not state.is_file() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def start(out: Path, number: int, work: str, *more: str) -> subprocess.Popen[str]:
    """A grid in a process of its own, as the command has it: signals are for it alone."""
    script = out / "run.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(script), str(out), str(number), work, *more],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for_cells(process: subprocess.Popen[str], out: Path, number: int) -> None:
    deadline = time.monotonic() + 90
    while len(processes(out)) < number:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_cells_run_beside_each_other(tmp_path: Path) -> None:
    process = start(tmp_path, 2, "wait_for_another")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert states(tmp_path) == dict.fromkeys(METHODS, "done")
    assert len(set(processes(tmp_path).values())) == 3
    assert process.pid not in processes(tmp_path).values()


def test_each_failure_is_told_and_hurts_no_other(tmp_path: Path) -> None:
    process = start(tmp_path, 4, "fail_in_many_ways", "ada_df")
    _, errors = process.communicate(timeout=120)
    assert "3 of 4 cells failed" in errors
    told = {cell.method: p.error for cell, p in grid(tmp_path, "ada_df").progress.items()}
    assert "ended with signal 9" in told["cross_entropy"]
    assert told["scn"] == "The weights are for another network."
    assert told["rul"] == "RuntimeError: no memory"
    assert told["ada_df"] == ""
    assert states(tmp_path)["ada_df"] == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
def test_an_interrupt_stops_them_all_and_starts_no_more(tmp_path: Path) -> None:
    process = start(tmp_path, 2, "until_stopped")
    try:
        wait_for_cells(process, tmp_path, 2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "KeyboardInterrupt" in errors
    assert states(tmp_path) == {"cross_entropy": "stopped", "scn": "stopped", "rul": "pending"}
    assert len(list(tmp_path.glob("0.3/seed-1/*/saved"))) == 2
    assert not any(alive(number) for number in processes(tmp_path).values())


@pytest.mark.skipif(sys.platform == "win32", reason="the children end with their job there")
def test_killed_it_takes_its_cells_along(tmp_path: Path) -> None:
    """Else the same command would train runs that are being trained."""
    process = start(tmp_path, 2, "until_stopped")
    try:
        wait_for_cells(process, tmp_path, 2)
    finally:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 30
    while any(alive(number) for number in processes(tmp_path).values()):
        assert time.monotonic() < deadline, "a cell outlives its grid"
        time.sleep(0.05)
    assert len(list(tmp_path.glob("0.3/seed-1/*/saved"))) == 2, "they saved what they had"


def test_no_jobs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="give --jobs 1 or more"):
        SideBySide(0, tmp_path, until_stopped)
