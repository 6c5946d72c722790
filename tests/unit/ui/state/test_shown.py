"""The one value that all panels draw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferdesk.pipeline.types import ReadingSettings
from ferdesk.ui.state.shown import Shown
from tests.qt.readings import make_face, make_reading


def test_what_is_shown_knows_its_face_and_place() -> None:
    reading = make_reading((make_face(4), make_face(2), make_face(7)))
    shown = Shown(reading, 4)
    assert shown.face is reading.faces[0]
    assert shown.position == (2, 3)
    out_of_sight = replace(shown, selected=3)
    assert out_of_sight.face is None
    assert out_of_sight.position == (0, 3)
    assert (Shown().faces, Shown().face, Shown().position) == ((), None, (0, 0))


def test_faces_keep_their_ids_in_time_and_count_from_one_in_pictures() -> None:
    five, seven = make_face(5), make_face(7)
    reading = make_reading((seven, five))
    shown = Shown(reading, 7)
    assert (shown.number(seven), shown.which) == (7, "Face 7 (2 of 2)")
    still = replace(reading, frame=replace(reading.frame, still=True))
    assert (Shown(still, 7).number(seven), Shown(still, 7).which) == (2, "Face 2 of 2")
    alone = Shown(make_reading((five,)), 5)
    assert (alone.number(five), alone.which) == (None, "")


@pytest.mark.parametrize(
    ("read", "unread", "most", "words"),
    [
        (1, 0, 3, ""),
        (0, 0, 3, "No face in view"),
        (3, 2, 3, "2 more faces seen but not read: Analysis ▸ Faces reads more than 3"),
        (1, 1, 3, "1 more face seen but too small to be read"),
        (0, 2, 3, "2 faces seen but too small to be read"),
        (2, 1, None, "1 more face seen but too small to be read"),
    ],
)
def test_faces_that_are_seen_but_not_read_are_told(
    read: int, unread: int, most: int | None, words: str
) -> None:
    settings = None if most is None else ReadingSettings("live", "", "CPU", 0.3, most)
    faces = tuple(make_face(i) for i in range(1, read + 1))
    reading = replace(make_reading(faces), unread=unread, settings=settings)
    assert Shown(reading, 1).in_view == words
    assert Shown().in_view == ""
