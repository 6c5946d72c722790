"""A checkpoint in people's words."""

from __future__ import annotations

from dataclasses import replace

from ferdesk.model.checkpoint import read_card
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.ui.state.card_words import describe
from tests.qt.readings import make_card


def test_the_shipped_checkpoint() -> None:
    card = read_card(asset(DEFAULT_CHECKPOINT))
    rows = dict(describe(card))
    assert "FER+" in rows["Trained on"]
    assert f"{card.training['training_pictures']:,} pictures" in rows["Trained on"]
    assert f"{card.metrics['accuracy'] * 100:.0f} of 100 faces" in rows["How good"]
    found = card.tables["recall"]
    lines = rows["Per expression"].splitlines()
    assert len(lines) == 7
    for name, share in found.items():
        (line,) = (line for line in lines if name in line.lower())
        assert line.endswith(f": {share * 100:.0f} of 100 found")
        assert line.startswith("Weak on") is (share < 0.5)
    assert not any("_" in title for title in rows)


def test_what_is_not_known_is_said() -> None:
    rows = dict(describe(make_card(None)))
    assert rows["Trained on"] == "not stated"
    assert rows["How good"] == rows["Per expression"] == "not measured"
    assert rows["Reliability"].startswith("Not measured")
    strange = replace(make_card(), training={"data": ["x"], "training_pictures": "many"})
    assert dict(describe(strange))["Trained on"] == "not stated"
