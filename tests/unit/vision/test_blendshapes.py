"""The words for the 52 face movements."""

from __future__ import annotations

import re
from pathlib import Path

from ferdesk.vision.blendshapes import BLENDSHAPES, MOVEMENT_GROUPS, MOVEMENTS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "movements.md"


def test_every_score_has_words_of_its_own() -> None:
    assert tuple(movement.name for movement in MOVEMENTS) == BLENDSHAPES
    words = [movement.plain for movement in MOVEMENTS]
    assert len(set(words)) == len(words) == 52
    members = [i for group in MOVEMENT_GROUPS for i in group.members]
    assert sorted(members) == list(range(1, 52)), "all but _neutral, each once"
    for movement in MOVEMENTS:
        assert re.fullmatch(r"((AU|AD)\d+ [a-z ]+(, )?)*", movement.action_unit), movement


def test_sides_are_the_persons_own() -> None:
    by_name = {movement.name: movement for movement in MOVEMENTS}
    assert by_name["browDownLeft"].plain == "Left brow lowered"
    assert by_name["mouthPressRight"].plain == "Lips pressed together on the right"
    # An eye that looks out to the person's left goes with the other one looking in.
    assert by_name["eyeLookOutLeft"].plain == "Left eye turned to the left"
    assert by_name["eyeLookInRight"].plain == "Right eye turned to the left"
    for group in MOVEMENT_GROUPS:
        names = [BLENDSHAPES[i] for i in group.members]
        if len(names) == 2:
            assert names[0].endswith("Left"), group
            assert names[1].endswith("Right"), group


def test_the_document_has_the_same_table() -> None:
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| (.*?) \|$", DOCUMENT.read_text("utf-8"), re.M)
    found = {tuple(re.findall(r"`(\w+)`", names)): (plain, unit) for names, plain, unit in rows}
    for group in MOVEMENT_GROUPS:
        names = tuple(BLENDSHAPES[i] for i in group.members)
        assert found[names] == (group.plain, group.action_unit or "none")
