"""Nothing that a user had is lost: sources, checkpoints and results of before."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.commands.analyze.conftest import Run


def refused(run: Run, capsys: pytest.CaptureFixture[str], words: str, *arguments: object,
            out: Path) -> None:  # fmt: skip
    """One sentence, and every file in the folder as it was."""
    place = out.parent if out.parent.is_dir() else out.parent.parent
    before = snapshot(place)
    capsys.readouterr()
    assert run(*arguments, "--overwrite", out=out) == (2, [])
    told = capsys.readouterr()
    assert words in told.err
    assert told.err.count("\n") == 1
    assert snapshot(place) == before


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_source_and_checkpoint_are_spared(
    run: Run, folder: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = folder / "face 2.jpg"
    link, hard = folder / "link.csv", folder / "hard.csv"
    link.symlink_to(face)
    os.link(face, hard)
    for out in (face, link, hard, folder / ".." / folder.name / face.name):
        refused(run, capsys, "is the source", face, out=out)
    out = folder / "r.csv"
    refused(run, capsys, "one of the files that are read", folder, "--picture", face, out=out)
    refused(run, capsys, "one of the files that are read", folder, out=folder / "clip.avi")
    refused(run, capsys, "is the checkpoint", face, out=model)
    refused(run, capsys, "is the source", face, "--picture", face, out=out)
    (folder / "described.png").write_bytes(face.read_bytes())
    os.link(folder / "described.png", folder / "r.json")
    refused(run, capsys, "is the source", folder / "described.png", out=out)


def test_results_are_three_files(
    run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    face = folder / "face 2.jpg"
    (folder / "r.txt").write_text("")
    (folder / "r.txt.png").symlink_to(folder / "r.txt")
    refused(
        run, capsys, "are one file", face, "--picture", folder / "r.txt.png", out=folder / "r.txt"
    )
    refused(run, capsys, "end the name in .csv", face, out=folder / "r.json")
    refused(run, capsys, "is no picture", face, "--picture", folder / "p.gif", out=folder / "r.csv")
    (folder / "r.csv").mkdir()
    refused(run, capsys, "--picture goes with", face, "--picture", folder / "p.png", out=folder)
    refused(run, capsys, "is a folder; name a file", face, out=folder / "r.csv")
    (folder / "r.csv").rmdir()
    refused(run, capsys, "there is a file of this name", face, out=face / "r.csv")


def test_nothing_is_replaced_unless_asked_for(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for taken in ("r.csv", "r.json", "p.png"):
        place = tmp_path / taken.replace(".", "-")
        place.mkdir()
        (place / taken).write_text("mine")
        arguments = ("sample", "--frames", 1, "--picture", place / "p.png")
        assert run(*arguments, out=place / "r.csv") == (2, [])
        assert f"{taken}' exists already; add --overwrite" in capsys.readouterr().err
        assert snapshot(place) == {taken: b"mine"}
        assert run(*arguments, "--overwrite", out=place / "r.csv")[0] == 0
        assert b"mine" not in snapshot(place).values()
        assert len(snapshot(place)) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_a_full_disk_is_one_sentence(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sample", "--frames", 1, out=Path("/dev/full")) == (2, [])
    assert "disk is full" in capsys.readouterr().err
    assert not Path("/dev/full.json").exists()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    out = tmp_path / "results" / "r.csv"
    out.parent.mkdir()
    out.write_text("old")
    try:
        for full, limit, more in (("r.csv", 2000, ["--all"]), ("r.json", 4000, [])):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
            code, _ = run("sample", "--frames", 5, "--overwrite", *more, out=out)
            assert code == 2
            assert f"{full}' could not be written: File too large" in capsys.readouterr().err
            assert snapshot(out.parent) == {"r.csv": b"old"}, full
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)


def begun(model: Path, out: Path) -> subprocess.Popen[str]:
    """`analyze sample` in a process of its own, once rows of it are on the disk."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ferdesk", "analyze", "sample", "--out", str(out), "--overwrite",
         "--all", "--device", "cpu", "--checkpoint", str(model)],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not any(part.stat().st_size for part in out.parent.glob("*.part")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_killed_in_the_middle(model: Path, tmp_path: Path) -> None:
    """kill -9 costs the new readings, never the old ones."""
    out = tmp_path / "results" / "r.csv"
    out.parent.mkdir()
    out.write_text("old")
    out.with_suffix(".json").write_text("{}")
    process = begun(model, out)
    process.kill()
    process.communicate()
    left = snapshot(out.parent)
    assert left.pop("r.csv") == b"old"
    assert left.pop("r.json") == b"{}"
    assert all(name.endswith(".part") for name in left)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_stopped_by_ctrl_c(model: Path, tmp_path: Path) -> None:
    """What was read is kept under a name that says that it is not all."""
    out = tmp_path / "results" / "r.csv"
    out.parent.mkdir()
    out.write_text("old")
    (out.parent / "r.incomplete.csv").write_text("from before")
    process = begun(model, out)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "Stopped; the first" in told
    left = snapshot(out.parent)
    assert left["r.csv"] == b"old"
    assert left["r.incomplete.csv"] == b"from before"
    described = json.loads(left["r.incomplete-2.json"])
    assert described["complete"] is False
    lines = left["r.incomplete-2.csv"].decode().splitlines()
    assert 1 < len(lines) == described["counts"]["rows"] + 1 < 473
    assert len({line.count(",") for line in lines}) == 1, "every row is whole"
    assert len(left) == 4
