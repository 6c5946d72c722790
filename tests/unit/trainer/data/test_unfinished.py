"""Packing that was interrupted, ran out of disk, or is under way in another process."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from filelock import FileLock

from ferdesk.errors import FerdeskError
from tests.unit.trainer.helpers import nothing
from tests.unit.trainer.trees import picture
from trainer.data import unfinished
from trainer.data.folder import read_folder
from trainer.data.packed import read_index
from trainer.data.packing import Reports, cache_key, pack
from trainer.data.sets import prepare, read_examples
from trainer.data.unfinished import Unfinished

PACK = (
    "import sys, time; from pathlib import Path; from trainer.data.sets import prepare;"
    "prepare(sys.argv[1], Path(sys.argv[2]), False, lambda d, t: time.sleep(float(sys.argv[3])))"
)
"""Packs a data set a little more slowly than need be."""


def stop_at(limit: int) -> Reports:
    def progress(done: int, _total: int) -> None:
        if done == limit:
            raise KeyboardInterrupt

    return progress


def start(data: str, cache: Path, delay: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PACK, data, str(cache), str(delay)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy(),
    )  # fmt: skip


def test_an_interrupted_packing_goes_on_and_ends_in_the_same_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    examples = read_examples("synthetic:210")
    straight = pack(examples, tmp_path / "a", nothing, False)
    assert "unfinished" not in caplog.text
    with pytest.raises(KeyboardInterrupt):
        pack(examples, tmp_path / "b", stop_at(150), False)
    assert not list((tmp_path / "b").glob("*/index.json"))
    seen: list[int] = []
    folder = pack(examples, tmp_path / "b", lambda done, _: seen.append(done), False)
    assert seen == list(range(129, 211)), "two blocks of 64 were on the disk"
    assert caplog.text.count("unfinished cache was found: going on after 128 of 210") == 1
    for name in ("crops.npy", "index.json"):
        assert (folder / name).read_bytes() == (straight / name).read_bytes()
    assert [p.name for p in (tmp_path / "b").iterdir()] == [folder.name], "nothing is left over"


def test_interrupted_in_valid_still_knows_the_training_pictures(tmp_path: Path) -> None:
    """The leak rule also holds when training and valid are packed by two processes."""
    root = tmp_path / "data"
    for split, numbers in (("train", range(130)), ("valid", range(200, 270))):
        for i in numbers:
            path = root / split / "happy" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture(i))
    shutil.copy(root / "train" / "happy" / "5.png", root / "valid" / "happy" / "zz.png")
    examples = read_folder(root)
    with pytest.raises(KeyboardInterrupt):
        pack(examples, tmp_path / "c", stop_at(195), False)
    index = read_index(pack(examples, tmp_path / "c", nothing, False))
    assert index.duplicates_of_training == ("valid/happy/zz.png",)
    assert index.splits.count("valid") == 70


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of 140 faces, packed in one go."""
    place = tmp_path_factory.mktemp("straight")
    return pack(read_examples("synthetic:140"), place, nothing, False)


@pytest.mark.parametrize("damage", ["line", "crops", "no crops", "garbage"])
def test_what_an_interruption_left_is_used_only_as_far_as_it_is_whole(
    tmp_path: Path, straight: Path, damage: str
) -> None:
    examples = read_examples("synthetic:140")
    with pytest.raises(KeyboardInterrupt):
        pack(examples, tmp_path / "b", stop_at(135), False)
    (part,) = (tmp_path / "b").glob("*.part")
    lines, crops = part / "done.txt", part / "crops.npy"
    if damage == "line":
        lines.write_bytes(lines.read_bytes()[:-20])
    elif damage == "crops":
        crops.write_bytes(crops.read_bytes()[: -3 * unfinished.CROP_BYTES + 5])
    elif damage == "no crops":
        crops.unlink()
    else:
        lines.write_bytes(b"\xff\x00 what\n" + lines.read_bytes())
    folder = pack(examples, tmp_path / "b", nothing, False)
    for name in ("crops.npy", "index.json"):
        assert (folder / name).read_bytes() == (straight / name).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_lets_go_and_another_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    process = start("synthetic:210", tmp_path, 0.05)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = next(iter(tmp_path.glob("*.part/done.txt")), None)
        if lines is not None and lines.stat().st_size:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    folder = prepare("synthetic:210", tmp_path, progress=nothing)
    assert "going on after" in caplog.text
    assert len(read_index(folder).names) == 210


def test_two_processes_take_turns(tmp_path: Path, straight: Path) -> None:
    """Started together they end with one whole cache, and only one of them packed."""
    both = [start("synthetic:140", tmp_path / "cache", 0.02) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=110)
        assert process.returncode == 0, errors
    (folder,) = (tmp_path / "cache").iterdir()
    for name in ("crops.npy", "index.json"):
        assert (folder / name).read_bytes() == (straight / name).read_bytes()


def test_a_folder_that_another_holds_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    name = f"{cache_key(read_examples('synthetic:21'), False)}.part.lock"
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(tmp_path / name):
            held.set()
            time.sleep(0.5)
            free.set()

    threading.Thread(target=hold).start()
    held.wait()
    prepare("synthetic:21", tmp_path, progress=nothing)
    assert free.is_set()
    assert caplog.text.count("another process is packing") == 1
    assert not list(tmp_path.glob("*.lock"))


def test_no_room_is_said_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=42 * unfinished.CROP_BYTES - 1)
    monkeypatch.setattr(unfinished.shutil, "disk_usage", lambda _: usage)
    seen: list[int] = []
    with pytest.raises(FerdeskError, match=r"needs 0\.00 GB in the cache .* are free"):
        prepare("synthetic:42", tmp_path, progress=lambda done, _: seen.append(done))
    assert seen == []
    assert not list(tmp_path.glob("*/index.json"))


def test_a_disk_that_fills_up_keeps_what_was_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.fsync, [0]

    def fsync(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(unfinished.os, "fsync", fsync)
    with pytest.raises(FerdeskError, match=r"disk of the cache .* is full"):
        prepare("synthetic:210", tmp_path, progress=nothing)
    assert not list(tmp_path.glob("*/index.json"))
    seen: list[int] = []
    prepare("synthetic:210", tmp_path, progress=lambda done, _: seen.append(done))
    assert seen == list(range(65, 211))


def test_the_header_has_one_length(tmp_path: Path) -> None:
    lengths = {len(unfinished.npy_header(n)) for n in (0, 1, 12_271, 10**7)}
    assert len(lengths) == 1
    work = Unfinished(tmp_path, 1)
    work.add("whole", "ab", np.full((112, 112, 3), 7, np.uint8))
    work.publish(tmp_path / "out")
    np.testing.assert_array_equal(
        np.load(tmp_path / "out" / "crops.npy"), np.full((1, 112, 112, 3), 7, np.uint8)
    )
