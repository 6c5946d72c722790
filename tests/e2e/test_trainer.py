"""The trainer as a user meets it: nothing but generated faces, from pictures to the app."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferdesk.model import checkpoint
from ferdesk.resources import asset
from trainer.measure.epochs import read_epochs


def run(module: str, *arguments: object, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    """Run ``python -m MODULE`` and wait."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, env=os.environ.copy(), check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_smoke_learns_is_measured_and_opens_in_the_app(tmp_path: Path) -> None:
    folder, cache = tmp_path / "run", tmp_path / "cache"
    trained = run(
        "trainer", "train", "--preset", "smoke", "--train.data", "synthetic:840",
        "--train.epochs", "12", "--run", folder, "--cache", cache, "--progress", "json",
        timeout=200,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    events = [json.loads(line) for line in trained.stdout.splitlines()]
    assert events[0]["event"] == "started"
    assert events[-1]["event"] == "finished"
    path = folder / "model.safetensors"
    measured = run(
        "trainer", "evaluate", path, "--data", "synthetic:840", "--split", "test",
        "--cache", cache, "--json",
    )  # fmt: skip
    result = json.loads(measured.stdout)
    assert result["accuracy"] > 0.3  # one in seven by guessing; with a fifth of the labels wrong
    figures = json.loads((folder / "purification.json").read_text())
    assert figures["final"]["recovery"] > figures["final"]["memorised"]
    assert "smoke" in (folder / "report" / "index.html").read_text()
    out = tmp_path / "readings.csv"
    read = run("ferdesk", "analyze", asset("portrait.png"), "--checkpoint", path, "--out", out)
    assert read.returncode == 0, read.stderr
    with out.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 1


def test_a_checkpoint_without_purification_opens_in_the_app(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    trained = run(
        "trainer", "train", "--preset", "smoke", "--train.data", "synthetic:140",
        "--train.epochs", "1", "--train.network.corrections", "none",
        "--train.network.cross_attention", "false", "--run", folder, "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    assert checkpoint.read_card(folder / "model.safetensors").architecture.corrections == "none"
    read = run(
        "ferdesk", "analyze", asset("portrait.png"), "--checkpoint", folder / "model.safetensors",
        "--out", tmp_path / "readings.csv",
    )  # fmt: skip
    assert read.returncode == 0, read.stderr


@pytest.mark.slow
def test_a_killed_grid_loses_at_most_an_epoch(tmp_path: Path) -> None:
    command = [
        "benchmark", "--preset", "smoke", "--data", "synthetic:140", "--noise", "0.3",
        "--methods", "cross_entropy", "scn", "--seeds", "1", "--backbone", "tiny",
        "--train.epochs", "4", "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache"),
        "--progress", "none",
    ]  # fmt: skip
    first, second = (
        tmp_path / "out" / "0.3" / "seed-1" / name for name in ("cross_entropy", "scn")
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", *command], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 90
        while len(epochs_of(second)) < 2:
            assert process.poll() is None, "the grid ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    assert not (second / "weights.pt").exists()
    finished = (first / "weights.pt").stat().st_mtime_ns
    done = (second / "log.jsonl").read_bytes().splitlines()[0]
    again = run("trainer", *command)
    assert again.returncode == 0, again.stderr
    assert (first / "weights.pt").stat().st_mtime_ns == finished
    assert [epoch.number for epoch in read_epochs(second)] == [1, 2, 3, 4]
    # The last epoch logged is done again where its state was not written yet, no other.
    assert epochs_of(second) in ([1, 2, 3, 4], [1, 2, 2, 3, 4])
    assert (second / "log.jsonl").read_bytes().splitlines()[0] == done
    states = [json.loads(path.read_text()) for path in (tmp_path / "out" / "state").iterdir()]
    assert [state["state"] for state in states] == ["done", "done"]


@pytest.mark.slow
def test_cells_side_by_side(tmp_path: Path) -> None:
    trained = run(
        "trainer", "benchmark", "--preset", "smoke", "--data", "synthetic:140", "--noise", "0.3",
        "--methods", "cross_entropy", "scn", "--seeds", "1", "--backbone", "tiny", "--jobs", "2",
        "--train.epochs", "1", "--train.threads", "1", "--out", tmp_path / "out",
        "--cache", tmp_path / "cache", "--progress", "json",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    lines = [line for line in trained.stdout.splitlines() if line.startswith("{")]
    events = [json.loads(line) for line in lines]
    for name in ("0.3/seed-1/cross_entropy", "0.3/seed-1/scn"):
        assert [e["event"] for e in events if e["run"] == name][-1] == "finished"
        assert (tmp_path / "out" / name / "cost.json").is_file()
    assert "cross entropy" in (tmp_path / "out" / "benchmark.md").read_text()


def epochs_of(run: Path) -> list[int]:
    """The epochs in a run's log, in order; none before there is one."""
    path = run / "log.jsonl"
    text = path.read_text() if path.is_file() else ""
    return [json.loads(line)["epoch"] for line in text.splitlines() if line.endswith("}")]


def test_refusals_are_one_sentence(tmp_path: Path) -> None:
    for arguments in (
        ("evaluate", tmp_path / "none.safetensors", "--data", "synthetic:70"),
        ("train", "--train.data", f"rafdb:{tmp_path}", "--run", tmp_path / "run"),
        ("prepare", "--data", "jpeg:somewhere"),
        ("report", tmp_path / "nowhere"),
        ("reproduce", "table1", "--data", "synthetic:70", "--noise", "1.5"),
    ):
        result = run("trainer", *arguments)
        assert result.returncode == 2, result.stderr
        assert "Traceback" not in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
