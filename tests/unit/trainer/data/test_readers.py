"""Every reader on a tiny tree of the official layout, and on broken ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from tests.unit.trainer.helpers import small_tree
from tests.unit.trainer.trees import (
    RAFDB_IDS,
    class_folders,
    fer2013_table,
    picture,
    rafdb_folders,
    rafdb_tree,
    votes_table,
    write,
)
from trainer.data.fer2013 import read_fer2013
from trainer.data.folder import read_folder
from trainer.data.manifest import read_manifest
from trainer.data.rafdb import read_rafdb
from trainer.data.sets import original_labels, read_examples
from trainer.data.stratify import stratified_split

FER2013_NAMES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""0=Angry, 1=Disgust, 2=Fear, 3=Happy, 4=Sad, 5=Surprise, 6=Neutral, as the challenge says."""


@pytest.mark.parametrize("below", ["", "basic"])
def test_rafdb_official(tmp_path: Path, below: str) -> None:
    rafdb_tree(tmp_path / "raf" / below)
    examples = read_rafdb(tmp_path / "raf")
    assert Counter(e.split for e in examples) == {"train": 14, "test": 14}
    for example in examples:
        number = int(example.name.split("_")[1])
        assert EXPRESSIONS[example.label] == RAFDB_IDS[(number - 1) % 7 + 1]
        assert example.target[example.label] == 1
        assert example.path.is_file()
    assert examples[0].name == "train_00001_aligned.jpg"
    assert len({e.name for e in examples}) == 28


@pytest.mark.parametrize("below", ["", "DATASET"])
def test_rafdb_class_folders(tmp_path: Path, below: str) -> None:
    rafdb_folders(tmp_path / below)
    examples = read_rafdb(tmp_path)
    assert Counter(e.split for e in examples) == {"train": 14, "test": 14}
    for example in examples:
        assert EXPRESSIONS[example.label] == RAFDB_IDS[int(example.path.parent.name)]
    assert len({e.name for e in examples}) == 28, "the same file names in every class folder"


def test_rafdb_class_folders_with_official_names_are_named_as_the_official_layout(
    tmp_path: Path,
) -> None:
    root = rafdb_folders(tmp_path)
    write(root / "train" / "3" / "train_00007_aligned.jpg", 5)
    assert "train_00007_aligned.jpg" in {e.name for e in read_rafdb(root)}


@pytest.mark.parametrize("line", ["train_00001.jpg 8", "train_00001.jpg 0", "x.jpg 1", "nonsense"])
def test_rafdb_bad_label_lines(tmp_path: Path, line: str) -> None:
    root = rafdb_tree(tmp_path / "raf")
    with (root / "EmoLabel" / "list_patition_label.txt").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(FerdeskError, match="Line 29 of"):
        read_rafdb(root)


def test_rafdb_bad_trees(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="is not RAF-DB"):
        read_rafdb(tmp_path / "nowhere")
    root = rafdb_tree(tmp_path / "raf")
    listed = root / "EmoLabel" / "list_patition_label.txt"
    listed.write_text(listed.read_text() + "train_00002.jpg 3\n")
    with pytest.raises(FerdeskError, match=r"Line 29 .* again: train_00002\.jpg"):
        read_rafdb(root)
    (root / "Image" / "aligned").rename(root / "Image" / "original")
    with pytest.raises(FerdeskError, match="unpack RAF-DB's aligned pictures"):
        read_rafdb(root)
    folders = rafdb_folders(tmp_path / "folders")
    for file in (folders / "test" / "2").iterdir():
        file.unlink()
    with pytest.raises(FerdeskError, match="holds no picture"):
        read_rafdb(folders)
    (folders / "test" / "2").rmdir()
    with pytest.raises(FerdeskError, match="There is no folder"):
        read_rafdb(folders)


def test_fer2013_hard_labels_and_pixels(tmp_path: Path) -> None:
    rows = [(i, "Training") for i in range(7)] + [(3, "PublicTest"), (0, "PrivateTest")]
    examples = read_fer2013(fer2013_table(tmp_path, rows))
    assert [EXPRESSIONS[e.label] for e in examples[:7]] == list(FER2013_NAMES)
    assert [e.split for e in examples] == ["train"] * 7 + ["valid", "test"]
    assert {e.original for e in examples} == {-1}
    for i, example in enumerate(examples):
        assert example.pixels is not None
        pixels = example.pixels()
        assert pixels is not None
        assert pixels.shape == (48, 48, 3)
        np.testing.assert_array_equal(pixels[:, :, 0], cv2.cvtColor(picture(i), cv2.COLOR_BGR2GRAY))
    assert len({e.stamp for e in examples}) == 9
    with pytest.raises(FerdeskError, match="no original labels"):
        original_labels(f"fer2013:{tmp_path}")


def test_fer2013_with_votes(tmp_path: Path) -> None:
    root = fer2013_table(
        tmp_path, [(0, "Training"), (4, "Training"), (6, "Training"), (2, "PublicTest")]
    )
    votes_table(
        root,
        [
            ("Training", "fer0000000.png", {"happiness": 6, "neutral": 4}),
            ("Training", "", {"NF": 10}),
            ("Training", "fer0000001.png", {"sadness": 9}),
            ("PublicTest", "fer0000002.png", {"fear": 7}),
        ],
    )
    examples = read_fer2013(root)
    assert [e.name for e in examples] == ["fer0000000.png", "fer0000001.png", "fer0000002.png"]
    assert examples[0].target == pytest.approx((0.4, 0.6, 0, 0, 0, 0, 0))
    assert [EXPRESSIONS[e.original] for e in examples] == ["anger", "neutral", "fear"]
    assert examples[1].pixels is not None
    third = cv2.cvtColor(picture(2), cv2.COLOR_BGR2GRAY)
    np.testing.assert_array_equal(examples[1].pixels()[:, :, 0], third)  # type: ignore[index]
    assert original_labels(f"fer2013:{root}") == {
        "fer0000000.png": EXPRESSIONS.index("anger"),
        "fer0000001.png": EXPRESSIONS.index("neutral"),
    }


def test_fer2013_votes_of_another_table(tmp_path: Path) -> None:
    root = fer2013_table(tmp_path, [(0, "Training"), (1, "Training")])
    votes_table(root, [("Training", "fer0000000.png", {"happiness": 6})])
    with pytest.raises(FerdeskError, match="does not belong"):
        read_fer2013(root)


@pytest.mark.parametrize(
    "line",
    [
        "7," + " ".join(["0"] * 2304) + ",Training",
        "x," + " ".join(["0"] * 2304) + ",Training",
        "3," + " ".join(["0"] * 2303) + ",Training",
        "3," + " ".join(["0"] * 2304) + ",Elsewhere",
        "3",
    ],
)
def test_fer2013_bad_lines(tmp_path: Path, line: str) -> None:
    root = fer2013_table(tmp_path, [(0, "Training")])
    with (root / "fer2013.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(FerdeskError, match=r"Line 3 of .* is not a row of FER2013"):
        read_fer2013(root)


def test_fer2013_bad_pixels_are_an_unreadable_picture(tmp_path: Path) -> None:
    root = fer2013_table(tmp_path, [])
    with (root / "fer2013.csv").open("a") as file:
        for first in ("256", "-1", "x"):
            file.write(f"3,{first} {' '.join(['0'] * 2303)},Training\n")
    assert [e.pixels() for e in read_fer2013(root) if e.pixels] == [None] * 3


def test_ferplus_originals_from_either_file(tmp_path: Path) -> None:
    data = f"ferplus:{small_tree(tmp_path, 3, 1)}"
    with pytest.raises(FerdeskError, match="no original labels"):
        original_labels(data)
    fer2013_table(tmp_path, [(4, "Training"), (3, "Training"), (0, "Training"), (1, "PublicTest")])
    names = [f"fer{i:07d}.png" for i in range(3)]
    sadness, happiness, anger = (EXPRESSIONS.index(n) for n in ("sadness", "happiness", "anger"))
    assert original_labels(data) == dict(zip(names, (sadness, happiness, anger), strict=True))
    # The labels file joins by name, in whatever order, and comes first.
    (tmp_path / "fer2013_labels.csv").write_text(
        "name,usage,fer2013_label,dup_of_train,dup_group\n"
        "fer0000002.png,Training,3,0,2\nfer0000000.png,Training,0,0,0\n"
        "fer0000001.png,Training,-1,0,1\n"
    )
    assert original_labels(data) == dict(zip(names, (anger, -1, happiness), strict=True))
    (tmp_path / "fer2013_labels.csv").write_text("name,fer2013_label\nfer0000000.png,7\n")
    with pytest.raises(FerdeskError, match="Line 2 of"):
        read_examples(data)


def test_folder_without_parts_is_split_by_name_and_class(tmp_path: Path) -> None:
    words = ("Neutral", "happy", "surprised", "sad", "ANGRY", "disgusted", "fearful")
    root = class_folders(tmp_path / "own", words, 10)
    (root / "happy" / "Thumbs.db").write_bytes(b"x")
    (root / "readme.txt").write_text("x")
    examples = read_folder(root)
    for example in examples:
        assert EXPRESSIONS[example.label] == EXPRESSIONS[words.index(example.path.parent.name)]
    shares = Counter((e.split, e.label) for e in examples)
    assert {shares["train", k] for k in range(7)} == {8}
    assert {shares["valid", k] for k in range(7)} == {1}
    assert {shares["test", k] for k in range(7)} == {1}
    assert len({e.name for e in examples}) == 70
    elsewhere = read_folder(root.rename(tmp_path / "moved"))
    assert [(e.name, e.split) for e in elsewhere] == [(e.name, e.split) for e in examples]


def test_the_drawn_split() -> None:
    names = [f"{i}.png" for i in range(30)]
    splits = stratified_split(names, [0] * 30)
    assert Counter(splits) == {"train": 24, "valid": 3, "test": 3}
    assert splits != ["valid"] * 3 + ["test"] * 3 + ["train"] * 24, "not in the order of names"
    shuffled = stratified_split(names[::-1], [0] * 30)
    assert shuffled == splits[::-1]
    assert Counter(stratified_split(names[:3], [1] * 3)) == {"train": 1, "valid": 1, "test": 1}
    assert stratified_split(names[:2], [1] * 2) == ["train", "train"]


def test_folder_with_parts(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        class_folders(tmp_path / part, ("happy", "sad"), 2)
    examples = read_folder(tmp_path)
    assert Counter(e.split for e in examples) == {"train": 4, "valid": 4, "test": 4}
    assert {e.name for e in examples if e.split == "valid"} == {
        "val/happy/000.png", "val/happy/001.png", "val/sad/000.png", "val/sad/001.png",
    }  # fmt: skip


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="There is no folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(FerdeskError, match="no folder for each class"):
        read_folder(tmp_path)
    root = class_folders(tmp_path / "own")
    (root / "contempt").mkdir()
    with pytest.raises(FerdeskError, match=r"contempt' is not named after an expression"):
        read_folder(root)
    (root / "contempt").rename(root / "sad")
    with pytest.raises(FerdeskError, match=r"sad' holds no picture"):
        read_folder(root)
    (root / "sad").rename(root / "train")
    with pytest.raises(FerdeskError, match="folders for parts"):
        read_folder(root)


def test_manifest(tmp_path: Path) -> None:
    table = tmp_path / "set.csv"
    table.write_text(
        "\ufeffpath, label, split, original\n"
        "a/1.png,happy,train,sad\n"
        "a/2.png,6,val,\n"
        f"{tmp_path / 'b.png'},Neutral,test,0\n",
        encoding="utf-8",
    )
    first, second, third = read_manifest(table)
    assert first.path == tmp_path / "a" / "1.png"
    assert (first.split, first.name) == ("train", "a/1.png")
    assert EXPRESSIONS[first.label] == "happiness"
    assert EXPRESSIONS[first.original] == "sadness"
    assert (second.split, EXPRESSIONS[second.label], second.original) == ("valid", "fear", -1)
    assert third.path == tmp_path / "b.png"
    assert (third.split, third.label, third.original) == ("test", 0, 0)
    assert original_labels(f"manifest:{table}") == {"a/1.png": EXPRESSIONS.index("sadness")}


def test_manifest_without_split(tmp_path: Path) -> None:
    rows = "".join(f"{i}.png,{i % 7}\n" for i in range(70))
    (tmp_path / "manifest.csv").write_text("path,label\n" + rows)
    examples = read_manifest(tmp_path)
    assert Counter(e.split for e in examples) == {"train": 56, "valid": 7, "test": 7}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("path,label\na.png,7\n", "Line 2 .* label '7'"),
        ("path,label\na.png,1\nb.png,-1\n", "Line 3 .* label '-1'"),
        ("path,label\na.png,bored\n", "Line 2 .* label 'bored'"),
        ("path,label\na.png\n", "Line 2 .* label ''"),
        ("path,label\na.png,1\na.png,2\n", "Line 3 .* again"),
        ("path,label\n,1\n", "Line 2 .* no path"),
        ("path,label,split\na.png,1,dev\n", "Line 2 .* split 'dev'"),
        ("path,label,original\na.png,1,9\n", "Line 2 .* label '9'"),
        ("file,label\na.png,1\n", "no column path"),
        ("", "no column path and no column label"),
    ],
)
def test_bad_manifests(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(FerdeskError, match=sentence):
        read_manifest(tmp_path / "m.csv")


def test_manifest_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"path,label\n\xff\xfe.png,1\n")
    with pytest.raises(FerdeskError, match="UTF-8"):
        read_manifest(tmp_path / "m.csv")
    with pytest.raises(FerdeskError, match="There is no table"):
        read_manifest(tmp_path / "n.csv")
    (tmp_path / "m.csv").write_text("path,label\n")
    with pytest.raises(FerdeskError, match="no usable picture"):
        read_examples(f"manifest:{tmp_path / 'm.csv'}")
