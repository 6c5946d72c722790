"""Decisions about labels: the file, and what it does to a training set."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from trainer.config import NoiseConfig, TrainConfig
from trainer.data.packed import PackedSet
from trainer.labels.overrides import apply_overrides, read_overrides
from trainer.training.run_data import run_data

NAMES = ("a.png", "b, c.png", "d.png")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "overrides.csv"
    path.write_text(text, encoding="utf-8")
    return path


def packed() -> PackedSet:
    targets = np.zeros((3, 7), np.float32)
    targets[:, 0], targets[:, 1] = 0.75, 0.25
    crops = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    return PackedSet(crops, targets, NAMES, np.ones(3, bool))


def test_labels_drops_and_quoted_names_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, 'name,label\na.png,fear\n"b, c.png",DROP\nother.png,anger\n')
    assert read_overrides(path, NAMES) == {"a.png": 6, "b, c.png": None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,label\na.png,joyful\n", ("Line 2", "'joyful'", "drop")),
        ("name,label\na.png,fear\na.png,drop\n", ("Line 3", "line 2")),
        ("name,label\n,fear\n", ("Line 2",)),
        ("picture,label\na.png,fear\n", ("no column name",)),
        ("name,label\nx.png,fear\ny.png,fear\n", ("None of the 2", "'x.png'")),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(FerdeskError) as refusal:
        read_overrides(written(tmp_path, text), NAMES)
    assert all(word in str(refusal.value) for word in words)


def test_overridden_targets_become_one_hot_and_dropped_pictures_go() -> None:
    before = packed()
    after = apply_overrides(before, {"a.png": 6, "b, c.png": None})
    assert after.names == ("a.png", "d.png")
    assert after.targets.tolist() == [[0, 0, 0, 0, 0, 0, 1], [0.75, 0.25, 0, 0, 0, 0, 0]]
    assert after.crops[:, 0, 0, 0].tolist() == [0, 2]
    assert before.targets[0, 0] == 0.75


def test_dropping_everything_is_refused() -> None:
    with pytest.raises(FerdeskError, match="nothing is left"):
        apply_overrides(packed(), dict.fromkeys(NAMES))


def test_a_run_trains_on_what_was_decided_rather_than_on_noise(tmp_path: Path) -> None:
    plain = TrainConfig(data="synthetic:140", holdout=0.0, noise=NoiseConfig("symmetric", 0.3, 1))
    cache = tmp_path / "cache"
    before = run_data(plain, cache).sets
    wrong = np.flatnonzero(before.training.labels != before.clean)
    mended, dropped = (before.training.names[row] for row in wrong[:2])
    truth = EXPRESSIONS[before.clean[wrong[0]]]
    path = written(tmp_path, f"name,label\n{mended},{truth}\n{dropped},drop\n")
    after = run_data(replace(plain, overrides=str(path)), cache).sets
    assert dropped not in after.training.names
    assert len(after.training) == len(before.training) - 1
    still_wrong = after.training.labels != after.clean
    assert still_wrong.sum() == len(wrong) - 2
    assert not still_wrong[after.training.names.index(mended)]
