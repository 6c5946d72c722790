"""The choice of the movements that are shown as bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ferdesk.ui.state.strongest import StrongestMovements
from ferdesk.vision.blendshapes import BLENDSHAPES, MOVEMENT_GROUPS

FPS = 25


def scores(**given: float) -> NDArray[np.float32]:
    """These, and 0.01 for every other movement."""
    found = np.full(len(BLENDSHAPES), 0.01, np.float32)
    for name, value in given.items():
        found[BLENDSHAPES.index(name)] = value
    return found


def names(groups: list[int]) -> list[str]:
    return [BLENDSHAPES[MOVEMENT_GROUPS[group].members[0]] for group in groups]


def test_the_strongest_come_first_and_then_stay_where_they_are() -> None:
    choice = StrongestMovements()
    first = scores(mouthSmileRight=0.9, jawOpen=0.5, browInnerUp=0.3)
    assert names(choice.update(0.0, 1, first, 3)) == ["mouthSmileLeft", "jawOpen", "browInnerUp"]
    rng = np.random.default_rng(0)
    for frame in range(1, 20 * FPS):
        # The three change their order all the time, and the others stay weak.
        strong = rng.uniform(0.2, 0.9, 3)
        now = scores(mouthSmileLeft=strong[0], jawOpen=strong[1], browInnerUp=strong[2],
                     eyeBlinkLeft=0.25)  # fmt: skip
        shown = names(choice.update(frame / FPS, 1, now, 3))
        assert shown == ["mouthSmileLeft", "jawOpen", "browInnerUp"]


def test_a_blink_changes_nothing_and_closed_eyes_take_one_place() -> None:
    choice = StrongestMovements()
    calm = scores(mouthSmileLeft=0.4, jawOpen=0.35, browInnerUp=0.3)
    before = names(choice.update(0.0, 1, calm, 3))
    closed = scores(mouthSmileLeft=0.4, jawOpen=0.35, browInnerUp=0.3, eyeBlinkLeft=0.8)
    for frame in range(1, 101):
        blinking = 50 <= frame < 54
        shown = names(choice.update(frame / FPS, 1, closed if blinking else calm, 3))
        assert shown == before
    for frame in range(101, 101 + 3 * FPS):
        shown = names(choice.update(frame / FPS, 1, closed, 3))
    assert shown == ["mouthSmileLeft", "jawOpen", "eyeBlinkLeft"], "the weakest gave up its place"


def test_rows_change_one_at_a_time() -> None:
    choice = StrongestMovements()
    choice.update(0.0, 1, scores(mouthSmileLeft=0.5, jawOpen=0.4, browInnerUp=0.3), 3)
    last = choice.update(0.04, 1, scores(), 3)[:]
    changes = []
    for frame in range(2, 200):
        now = scores(eyeBlinkLeft=0.9, mouthPucker=0.8, noseSneerLeft=0.7)
        shown = choice.update(frame / FPS, 1, now, 3)[:]
        if shown != last:
            assert sum(a != b for a, b in zip(shown, last, strict=True)) == 1
            changes.append(frame / FPS)
        last = shown
    assert set(names(last)) == {"eyeBlinkLeft", "mouthPucker", "noseSneerLeft"}
    assert len(changes) == 3
    assert np.diff(changes).min() >= 0.8


def test_another_face_a_jump_and_more_room() -> None:
    choice = StrongestMovements()
    smile, frown = scores(mouthSmileLeft=0.9), scores(mouthFrownLeft=0.9)
    choice.update(0.0, 1, smile, 1)
    assert names(choice.update(0.04, 2, frown, 1)) == ["mouthFrownLeft"], "another face"
    assert names(choice.update(30.0, 2, smile, 1)) == ["mouthSmileLeft"], "a jump in a review"
    assert names(choice.update(10.0, 2, frown, 1)) == ["mouthFrownLeft"], "and back"
    more = names(choice.update(10.04, 2, frown, 4))
    assert more[0] == "mouthFrownLeft"
    assert len(set(more)) == 4
    assert names(choice.update(10.08, 2, frown, 1)) == ["mouthFrownLeft"]
