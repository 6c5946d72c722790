"""The packed cache: its key, its labels, damage, repetitions, unreadable pictures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from tests.unit.trainer.helpers import nothing, small_tree
from tests.unit.trainer.trees import class_folders, rafdb_tree
from trainer.data import packing, unfinished
from trainer.data.ferplus import read_ferplus
from trainer.data.folder import read_folder
from trainer.data.packed import load_split, read_index
from trainer.data.packing import cache_key, pack
from trainer.data.sets import prepare


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


def test_no_landmarker_is_started_for_whole_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise AssertionError("not needed")

    monkeypatch.setattr(packing, "Landmarker", refuse)
    prepare("synthetic:21", tmp_path, progress=nothing)
