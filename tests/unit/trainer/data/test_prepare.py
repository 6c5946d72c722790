"""The prepare command: counts beside the official ones, and what is wrong."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ferdesk.model.labels import EXPRESSIONS
from tests.unit.trainer.helpers import small_tree
from tests.unit.trainer.trees import class_folders, fer2013_table, rafdb_folders, rafdb_tree
from trainer.cli import main
from trainer.data.counts import FER2013, RAFDB, take_census
from trainer.data.examples import Example, Split, one_hot
from trainer.data.rafdb import read_rafdb
from trainer.data.sets import read_examples


def raf_examples() -> list[Example]:
    """All of RAF-DB's names with its class counts; no picture is a file."""
    examples = []
    for split, pattern in (
        ("train", "train_{:05d}_aligned.jpg"),
        ("test", "test_{:04d}_aligned.jpg"),
    ):
        part: Split = "train" if split == "train" else "test"
        labels = [k for k, n in enumerate(RAFDB[part]) for _ in range(n)]
        for i, label in enumerate(labels, start=1):
            name = pattern.format(i)
            examples.append(Example(Path(name), part, one_hot(label), pixels=lambda: None))
    return examples


def test_official_counts() -> None:
    """The table of the data set's readme, by hand."""
    assert sum(RAFDB["train"]) == 12_271
    assert sum(RAFDB["test"]) == 3_068
    assert dict(zip(EXPRESSIONS, RAFDB["test"], strict=True)) == {
        "surprise": 329, "fear": 74, "disgust": 160, "happiness": 1185, "sadness": 478,
        "anger": 162, "neutral": 680,
    }  # fmt: skip
    assert [sum(FER2013[split]) for split in ("train", "valid", "test")] == [28_709, 3_589, 3_589]
    assert sum(c[EXPRESSIONS.index("disgust")] for c in FER2013.values()) == 547


def test_census_of_a_whole_and_of_a_wanting_rafdb(tmp_path: Path) -> None:
    whole = raf_examples()
    assert take_census("rafdb", whole).problems == ()
    # The first fear of train is the 11,991st picture of this made-up list.
    fear = next(
        i for i, e in enumerate(whole) if e.split == "train" and EXPRESSIONS[e.label] == "fear"
    )
    gone = replace(whole[fear], pixels=None, path=tmp_path / whole[fear].path)
    census = take_census("rafdb", [*whole[:fear], gone, *whole[fear + 1 :]])
    assert census.problems == (
        "train/fear has 280 pictures, RAF-DB has 281: train_11991_aligned.jpg is missing",
    )
    assert census.missing == (gone,)
    census = take_census("rafdb", whole[:fear] + whole[fear + 1 :])
    assert census.problems == (
        "train/fear has 280 pictures, RAF-DB has 281",
        "train_11991_aligned.jpg is in no class of train",
    )
    swapped = replace(whole[fear], target=one_hot(EXPRESSIONS.index("anger")))
    census = take_census("rafdb", [*whole[:fear], swapped, *whole[fear + 1 :]])
    assert census.problems == (
        "train/anger has 706 pictures, RAF-DB has 705",
        "train/fear has 280 pictures, RAF-DB has 281",
    )


def test_census_of_ferplus_knows_the_largest_sizes() -> None:
    examples = [
        Example(Path(str(i)), "valid", one_hot(i % 7), pixels=lambda: None) for i in range(3590)
    ]
    assert take_census("ferplus", examples[:3589]).problems == ()
    assert take_census("ferplus", examples).problems == (
        "valid has 3,590 pictures, FER2013 has only 3,589",
    )


def test_rafdb_with_a_missing_picture_ends_in_a_table_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = rafdb_tree(tmp_path / "raf", 2)
    (root / "Image" / "aligned" / "train_00009_aligned.jpg").unlink()
    assert main(["prepare", "--data", f"rafdb:{root}", "--cache", str(tmp_path / "c")]) == 2
    out, err = capsys.readouterr()
    assert "train/fear has 1 picture, RAF-DB has 281: train_00009_aligned.jpg is missing\n" in out
    (sentence,) = [line for line in err.splitlines() if "missing" in line]
    assert "train_00009_aligned.jpg' is missing; complete the data set" in sentence
    assert not (tmp_path / "c").exists()


def test_rafdb_as_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = rafdb_folders(tmp_path / "raf")
    command = ["prepare", "--data", f"rafdb:{root}", "--cache", str(tmp_path / "c"), "--json"]
    assert main(command) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["layout"] == "rafdb"
    assert shown["align"] is False
    assert shown["counts"]["train"] == dict.fromkeys(EXPRESSIONS, 2)
    assert shown["official"]["train"]["fear"] == 281
    assert shown["packed"] == {"train": 14, "test": 14}
    assert shown["aligned"] == {"train": 0, "test": 0}
    assert len(shown["problems"]) == 14
    assert Path(shown["cache"]).is_dir()
    assert [e.path for e in read_rafdb(root) if not e.path.is_file()] == []


def test_ferplus_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = small_tree(tmp_path / "fer", 14, 7)
    (root / "FER2013Train" / "fer0000003.png").write_bytes(b"no picture")
    shutil.copy(root / "FER2013Train" / "fer0000000.png", root / "FER2013Valid" / "fer0000014.png")
    assert main(["prepare", "--data", f"ferplus:{root}", "--cache", str(tmp_path / "c")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line.split() for line in lines if line.startswith("fear")) == ["fear", "2", "1"]
    assert next(line.split() for line in lines if line.startswith("total")) == ["total", "14", "7"]
    assert "packed       train 13, valid 6" in lines
    assert "unreadable   1: fer0000003.png" in lines
    assert any(
        line.startswith("left out as identical") and line.endswith("1: fer0000014.png")
        for line in lines
    )
    assert any(line.startswith("by landmarks train 13 (100.0%)") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "align"),
    [([], True), (["--align"], True), (["--no-align"], False), (["--align", "false"], False)],
)
def test_align(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    align: bool,
) -> None:
    root = class_folders(tmp_path / "own", count=3)
    monkeypatch.chdir(tmp_path)
    assert main(["prepare", "--data", f"folder:{root}", "--json", *arguments]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["align"] is align
    assert (sum(shown["aligned"].values()) > 0) <= align
    assert Path(shown["cache"]).parent == Path(".cache")


def test_a_class_without_training_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = class_folders(tmp_path / "own", [n for n in EXPRESSIONS if n not in ("fear", "anger")])
    assert main(["prepare", "--data", f"folder:{root}", "--cache", str(tmp_path / "c")]) == 2
    out, err = capsys.readouterr()
    assert "has no picture of anger, fear;" in err
    assert "total" in out
    assert not (tmp_path / "c").exists()


def test_a_set_for_testing_only_needs_no_training_part(tmp_path: Path) -> None:
    class_folders(tmp_path / "own" / "test", ("happy", "sad"))
    data = f"folder:{tmp_path / 'own'}"
    assert main(["prepare", "--data", data, "--no-align", "--cache", str(tmp_path / "c")]) == 0


def test_fer2013_beside_its_official_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = fer2013_table(tmp_path / "fer", [(i % 7, "Training") for i in range(7)])
    command = ["prepare", "--data", f"fer2013:{root}", "--no-align", "--cache", str(tmp_path / "c")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "train/disgust has 1 picture, FER2013 has 436\n" in out
    assert "test/neutral has 0 pictures, FER2013 has 626\n" in out


@pytest.mark.parametrize(
    "data", ["rafdb:/nowhere", "fer2013:/nowhere", "ferplus:/nowhere", "folder:/nowhere",
             "manifest:/nowhere", "synthetic:3", "imagenet:/x", "rafdb"]
)  # fmt: skip
def test_wrong_paths_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str
) -> None:
    assert main(["prepare", "--data", data, "--cache", str(tmp_path / "c")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert data.partition(":")[2] in err
    assert not (tmp_path / "c").exists()


def test_original_labels_do_not_change_what_is_packed(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "fer", 7, 7)
    main(["prepare", "--data", f"ferplus:{root}", "--cache", str(tmp_path / "c"), "--no-align"])
    (root / "fer2013_labels.csv").write_text("name,fer2013_label\nfer0000000.png,0\n")
    assert max(e.original for e in read_examples(f"ferplus:{root}")) == EXPRESSIONS.index("anger")
    main(["prepare", "--data", f"ferplus:{root}", "--cache", str(tmp_path / "c"), "--no-align"])
    assert len(list((tmp_path / "c").iterdir())) == 1
