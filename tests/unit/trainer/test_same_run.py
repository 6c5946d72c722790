"""Whether a stored configuration is that of a run."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from trainer.config import NetworkChanges, TrainConfig
from trainer.same_run import check_same, differences

CONFIG = TrainConfig(epochs=3, network=NetworkChanges(gate="none"))


def test_options_added_since_count_as_their_defaults() -> None:
    stored = json.loads(json.dumps(asdict(CONFIG)))
    del stored["refurbish"], stored["network"]["image_backbone"], stored["augment"]["jpeg"]
    assert differences(stored, asdict(CONFIG)) == []
    assert differences(stored, asdict(replace(CONFIG, refurbish=0.5))) == ["refurbish"]
    other = asdict(replace(CONFIG, network=NetworkChanges(image_backbone="tiny")))
    assert differences(stored, other) == ["network.image_backbone", "network.gate"]
    stored["dropped_since"] = 7
    assert differences(stored, asdict(CONFIG)) == []


def test_what_does_not_change_the_result_may_differ() -> None:
    other = replace(CONFIG, name="x", notes="x", threads=7, tensorboard=True, compile=True)
    assert differences(asdict(CONFIG), asdict(other)) == []
    assert differences(asdict(CONFIG), asdict(replace(CONFIG, seed=9)), ["seed"]) == []


def test_the_refusal_names_options_and_what_to_give(tmp_path: Path) -> None:
    check_same(asdict(CONFIG), asdict(CONFIG), tmp_path, "--run")
    other = asdict(replace(CONFIG, epochs=4, seed=9, detail=0, holdout=0.0))
    with pytest.raises(FerdeskError, match=r"configuration \(detail, epochs, holdout\); .* --run"):
        check_same(asdict(CONFIG), other, tmp_path, "--run")
