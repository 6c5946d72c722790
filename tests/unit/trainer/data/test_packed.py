"""The packed cache: key, interruption, damage, full disks, leaks, two processes at once."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from filelock import FileLock

from ferdesk.errors import FerdeskError
from tests.unit.trainer.helpers import small_tree
from tests.unit.trainer.trees import class_folders, picture, rafdb_tree
from trainer.data import packing, unfinished
from trainer.data.ferplus import read_ferplus
from trainer.data.folder import read_folder
from trainer.data.packed import load_split, read_index
from trainer.data.packing import Reports, cache_key, pack
from trainer.data.sets import prepare, read_examples
from trainer.data.unfinished import Unfinished

PACK = (
    "import sys, time; from pathlib import Path; from trainer.data.sets import prepare;"
    "prepare(sys.argv[1], Path(sys.argv[2]), False, lambda d, t: time.sleep(float(sys.argv[3])))"
)
"""Packs a data set a little more slowly than need be."""


def nothing(_done: int, _total: int) -> None:
    return None


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


def test_the_key_of_a_ferplus_tree_is_the_one_it_always_had(tmp_path: Path) -> None:
    """Other keys would make everybody pack again."""
    root = tmp_path / "data"
    (root / "FER2013Train").mkdir(parents=True)
    (root / "FER2013Train" / "fer0000003.png").write_bytes(b"x" * 37)
    (root / "fer2013new.csv").write_text(
        "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,"
        "NF\nTraining,fer0000003.png,3,6,0,0,0,0,0,1,0,0\n"
    )
    # SHA-256 of the crop's template and size, then of the line
    # "fer0000003.png train 37 (0.3333333333333333, 0.6666666666666666, 0.0, 0.0, 0.0, 0.0, 0.0)".
    examples = read_ferplus(root)
    assert cache_key(examples, align=True) == "e339dca4b9847938"
    assert cache_key([replace(e, original=4) for e in examples], align=True) == "e339dca4b9847938"
    assert cache_key(examples, align=False) != "e339dca4b9847938"
    changed = [replace(e, target=e.target[::-1]) for e in examples]
    assert cache_key(changed, align=True) != "e339dca4b9847938"


def test_whole_pictures_and_their_own_folder(tmp_path: Path) -> None:
    root = rafdb_tree(tmp_path / "raf", 1)
    folder = prepare(f"rafdb:{root}", tmp_path / "cache")
    test = load_split(folder, "test")
    assert test.names[0] == "test_0001_aligned.jpg"
    assert not test.aligned.any(), "RAF-DB's aligned pictures are taken as they are"
    read = cv2.imread(str(root / "Image" / "aligned" / test.names[0]))
    assert read is not None
    np.testing.assert_array_equal(
        test.crops[0], cv2.resize(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), (112, 112))
    )
    assert prepare(f"rafdb:{root}", tmp_path / "cache", align=False) == folder
    assert prepare(f"rafdb:{root}", tmp_path / "cache", align=True) != folder


def test_same_file_names_in_every_class_keep_their_labels(tmp_path: Path) -> None:
    folder = pack(read_folder(class_folders(tmp_path / "own")), tmp_path / "c", nothing, False)
    train = load_split(folder, "train")
    assert len(set(train.names)) == len(train)
    for row, name in enumerate(train.names):
        np.testing.assert_array_equal(
            train.crops[row],
            cv2.resize(
                cv2.cvtColor(cv2.imread(str(tmp_path / "own" / name)), cv2.COLOR_BGR2RGB),  # type: ignore[arg-type]
                (112, 112),
            ),
        )


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


@pytest.mark.parametrize("damage", ["line", "crops", "no crops", "garbage"])
def test_what_an_interruption_left_is_used_only_as_far_as_it_is_whole(
    tmp_path: Path, damage: str
) -> None:
    examples = read_examples("synthetic:210")
    straight = pack(examples, tmp_path / "a", nothing, False)
    with pytest.raises(KeyboardInterrupt):
        pack(examples, tmp_path / "b", stop_at(150), False)
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


def test_two_processes_take_turns(tmp_path: Path) -> None:
    """Started together they end with one whole cache, and only one of them packed."""
    both = [start("synthetic:140", tmp_path / "cache", 0.02) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=90)
        assert process.returncode == 0, errors
    (folder,) = (tmp_path / "cache").iterdir()
    straight = prepare("synthetic:140", tmp_path / "own", progress=nothing)
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


@contextmanager
def packed(tmp_path: Path) -> Iterator[Path]:
    folder = prepare("synthetic:42", tmp_path, progress=nothing)
    load_split(folder, "train")
    yield folder
    with pytest.raises(FerdeskError, match=r"is damaged .*delete that folder") as caught:
        load_split(folder, "train")
    assert str(folder) in str(caught.value)


def test_damaged_caches_are_named(tmp_path: Path) -> None:
    with packed(tmp_path / "short") as folder, (folder / "crops.npy").open("r+b") as file:
        file.truncate(5 * unfinished.CROP_BYTES)
    with packed(tmp_path / "missing") as folder:
        (folder / "crops.npy").unlink()
    with packed(tmp_path / "empty") as folder:
        (folder / "crops.npy").write_bytes(b"")
    with packed(tmp_path / "fewer") as folder:
        np.save(folder / "crops.npy", np.zeros((41, 112, 112, 3), np.uint8))
    with packed(tmp_path / "other") as folder:
        np.save(folder / "crops.npy", np.zeros((42, 96, 96, 3), np.uint8))
    with packed(tmp_path / "json") as folder:
        (folder / "index.json").write_text("{")
    with packed(tmp_path / "names") as folder:
        index = json.loads((folder / "index.json").read_text())
        index["names"].pop()
        (folder / "index.json").write_text(json.dumps(index))


def test_a_cache_of_an_older_version_is_read(tmp_path: Path) -> None:
    """It has room for pictures that were left out, and counts no repetitions."""
    folder = prepare("synthetic:42", tmp_path, progress=nothing)
    crops = np.load(folder / "crops.npy")
    np.save(folder / "crops.npy", np.concatenate((crops, crops[:3] * 0)))
    index = json.loads((folder / "index.json").read_text())
    del index["duplicates_in_training"]
    (folder / "index.json").write_text(json.dumps(index))
    test = load_split(folder, "test")
    np.testing.assert_array_equal(test.crops, crops[-len(test) :])
    assert read_index(folder).duplicates_in_training is None


def test_repeated_training_pictures_stay_and_are_counted(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for part in ("train", "test"):
        class_folders(root / part, count=2)
    shutil.copy(root / "train" / "fear" / "000.png", root / "train" / "anger" / "again.png")
    index = read_index(pack(read_folder(root), tmp_path / "c", nothing, False))
    assert index.duplicates_in_training == 1
    assert "train/anger/again.png" in index.names


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


def test_a_cache_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    with pytest.raises(FerdeskError, match=r"cannot be written .* another --cache"):
        prepare("synthetic:42", tmp_path / "cache", progress=nothing)
    assert (tmp_path / "cache").read_text() == "mine"


def test_missing_pictures_are_counted_and_named(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "data", 6, 2)
    for i in (1, 2, 4, 5):
        (root / "FER2013Train" / f"fer{i:07d}.png").unlink()
    with pytest.raises(
        FerdeskError,
        match=r"^4 of 8 pictures are missing in .*FER2013Train', the first are fer0000001\.png, "
        r"fer0000002\.png, fer0000004\.png; complete",
    ):
        prepare(f"ferplus:{root}", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_without_one_readable_picture_nothing_counts_as_finished(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "own", ("happy", "sad"), 3)
    for file in root.glob("*/*"):
        file.write_bytes(b"no picture")
    with pytest.raises(FerdeskError, match="None of the 6 pictures can be read"):
        pack(read_folder(root), tmp_path / "c", nothing, False)
    assert not list((tmp_path / "c").glob("*/index.json"))


def test_many_unreadable_pictures_are_all_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = class_folders(tmp_path / "own", count=4)
    bad = sorted(root.glob("*/000.png")) + sorted(root.glob("*/001.png"))
    for file in bad:
        file.write_bytes(b"" if file.name == "000.png" else b"\x89PNG no")
    folder = pack(read_folder(root), tmp_path / "c", nothing, False)
    index = read_index(folder)
    assert set(index.unreadable) == {f.relative_to(root).as_posix() for f in bad}
    assert len(index.names) == 14
    assert len(np.load(folder / "crops.npy")) == 14
    assert "and 4 more unreadable" in caplog.text


def test_the_header_has_one_length(tmp_path: Path) -> None:
    lengths = {len(unfinished.npy_header(n)) for n in (0, 1, 12_271, 10**7)}
    assert len(lengths) == 1
    work = Unfinished(tmp_path, 1)
    work.add("whole", "ab", np.full((112, 112, 3), 7, np.uint8))
    work.publish(tmp_path / "out")
    np.testing.assert_array_equal(
        np.load(tmp_path / "out" / "crops.npy"), np.full((1, 112, 112, 3), 7, np.uint8)
    )


def test_no_landmarker_is_started_for_whole_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("not needed")

    monkeypatch.setattr(packing, "Landmarker", refuse)
    prepare("synthetic:21", tmp_path, progress=nothing)
