"""Margins over epochs: hand-worked numbers, and which way the rankings point."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.margins import Seen, margins, rankings
from trainer.audit.folds import Pictures
from trainer.data.packed import PackedSet


def test_margins_by_hand() -> None:
    q = np.full((3, 7), 0.02)
    q[0, [1, 4]] = 0.6, 0.3
    q[1, [1, 4]] = 0.6, 0.3
    q[2] = np.eye(7)[3]
    found = margins(q, np.array([1, 4, 0]))
    assert found[:2] == pytest.approx([np.log(2), -np.log(2)])
    assert -100 < found[2] < -10


def test_every_ranking_puts_the_wrong_label_first() -> None:
    """Six pictures in two folds; the networks are sure, and the label of row 2 is wrong."""
    true = np.array([0, 1, 0, 1, 0, 1])
    given = true.copy()
    given[2] = 1
    source = PackedSet(
        np.zeros((6, 8, 8, 3), np.uint8),
        np.eye(7, dtype=np.float32)[given],
        tuple("abcdef"),
        np.ones(6, bool),
    )
    pictures = Pictures(source, np.arange(6), source.targets, true, np.arange(6))
    fold_of = np.array([0, 0, 0, 1, 1, 1])
    sure = np.full((6, 7), 0.02, np.float32)
    sure[np.arange(6), true] = 0.88
    seen = [
        Seen(
            # Two steps each; a network learns a wrong label late, so its margin stays small.
            np.where(given[others] == true[others], 6.0, 0.5),
            np.full(3, 2),
            [sure[~others], sure[~others]],
        )
        for others in (fold_of != 0, fold_of != 1)
    ]
    found = rankings(pictures, fold_of, seen)
    assert len(found) == 6
    for title, score in found.items():
        assert score.argmin() == 2, title
    assert found["margin in training, mean (AUM)"][[0, 2]].tolist() == [3.0, 0.25]
