"""Recovery, damage, memorisation and detection by hand."""

import json

import numpy as np
import pytest

from trainer.measure.purification import PurificationFigures, purification, purification_json


def answers(*rows: dict[int, float]) -> np.ndarray:
    """(N, 7) probabilities of the classes named; the rest is shared by the others."""
    out = np.empty((len(rows), 7), np.float32)
    for i, row in enumerate(rows):
        out[i] = (1 - sum(row.values())) / (7 - len(row))
        for label, value in row.items():
            out[i, label] = value
    return out


GIVEN = np.array([1, 1, 1, 1, 0, 0, 2], np.int64)
CLEAN = np.array([0, 0, 0, 2, 0, 0, 2], np.int64)
Q = answers(
    {0: 0.8, 1: 0.1},  # recovered
    {0: 0.1, 1: 0.7},  # memorised
    {3: 0.9, 1: 0.05},  # neither
    {2: 0.6, 1: 0.2},  # recovered
    {0: 0.9},  # untouched, kept
    {1: 0.8, 0: 0.15},  # untouched, damaged
    {2: 0.5},  # untouched, kept
)


def test_figures_by_hand() -> None:
    figures = purification(Q, GIVEN, CLEAN)
    assert figures.recovery == pytest.approx(2 / 4)
    assert figures.memorised == pytest.approx(1 / 4)
    assert figures.damage == pytest.approx(1 / 3)
    # Doubt 1 - q[given]: flipped 0.9, 0.3, 0.95, 0.8; untouched 0.1, 0.85, 0.5. Pairs won: 3, 1,
    # 3, 2 of 12.
    assert figures.auroc == pytest.approx(9 / 12)


def test_unknown_clean_labels_are_left_out() -> None:
    extra = np.concatenate([Q, answers({4: 0.99})])
    given, clean = np.append(GIVEN, 3), np.append(CLEAN, -1)
    assert purification(extra, given, clean) == purification(Q, GIVEN, CLEAN)
    assert purification_json({"p": extra}, given, clean)["untouched"] == 3


def test_without_flips_only_damage_is_known() -> None:
    # Rows two, three and six do not answer with the clean label.
    assert purification(Q, CLEAN, CLEAN) == PurificationFigures(None, 3 / 7, None, None)


def test_with_nothing_but_flips() -> None:
    figures = purification(Q[:4], GIVEN[:4], CLEAN[:4])
    assert (figures.damage, figures.auroc) == (None, None)
    assert figures.recovery == pytest.approx(0.5)


def test_without_any_known_picture() -> None:
    unknown = np.full(7, -1, np.int64)
    assert purification(Q, GIVEN, unknown) == PurificationFigures(None, None, None, None)


def test_json_has_counts_and_one_entry_a_distribution() -> None:
    content = json.loads(json.dumps(purification_json({"final": Q, "p": Q[::-1]}, GIVEN, CLEAN)))
    assert list(content) == ["flipped", "untouched", "final", "p"]
    assert (content["flipped"], content["untouched"]) == (4, 3)
    assert content["final"]["recovery"] == pytest.approx(0.5)
    assert set(content["p"]) == {"recovery", "damage", "memorised", "auroc"}
