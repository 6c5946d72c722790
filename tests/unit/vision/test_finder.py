"""Faces followed through a video: several, small ones, and searches that make nobody wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.vision.finder import FaceFinder, Sight
from ferdesk.vision.followers import Followers
from ferdesk.vision.regions import same_face
from ferdesk.vision.search import FaceSearch, Found
from ferdesk.vision.types import Box
from tests.unit.vision.groups import group

SIZE = (480, 640)
FOUR = ((150, 110, 115), (470, 120, 125), (150, 350, 120), (480, 350, 110))


@contextmanager
def finder(faces: int, *, small: bool = False, live: bool = False) -> Iterator[FaceFinder]:
    made = FaceFinder(faces, small_faces=small, live=live)
    try:
        yield made
    finally:
        made.close()


def right(sight: Sight, boxes: list[Box]) -> bool:
    return len(sight.faces) == len(boxes) and all(
        sum(same_face(face.box, box) for face in sight.faces) == 1 for box in boxes
    )


def test_several_faces_are_followed_as_they_move() -> None:
    with finder(4) as found:
        for i in range(8):
            picture, boxes = group([(x + 6 * i, y + 3 * i, w) for x, y, w in FOUR], size=SIZE)
            assert right(found.find(picture, i / 10), boxes), f"frame {i}"


def test_faces_that_wander_far_keep_their_followers() -> None:
    """Past each other's places."""
    with finder(2) as found:
        first: list[list[bool]] = []
        for i in range(16):
            places = [(140 + 22 * i, 120, 110), (500 - 22 * i, 350, 120)]
            picture, boxes = group(places, size=SIZE)
            assert right(found.find(picture, i / 15), boxes), f"frame {i}"
            if i > 3:
                assert isinstance(found._video, Followers)
                each = found._video._followers
                first.append(
                    [same_face(follower.box, boxes[0]) for follower in each if follower.box]
                )
        assert all(row == first[0] and sum(row) == 1 for row in first)


def test_a_face_that_jumps_away_leaves_no_landmarks_behind() -> None:
    """Its follower must not go on with the face that it followed before."""
    with finder(3) as found:
        for i in range(5):
            found.find(group(FOUR[:2], size=SIZE)[0], i / 10)
        moved, boxes = group([FOUR[0], FOUR[3]], size=SIZE)
        sights = [found.find(moved, i / 10) for i in range(5, 12)]
        assert all(any(same_face(face.box, b) for b in boxes) for s in sights for face in s.faces)
        assert right(sights[-1], boxes)


def test_the_same_video_gives_the_same_landmarks() -> None:
    def run() -> list[NDArray[np.float32]]:
        with finder(4) as found:
            sights = [
                found.find(group([(x + 4 * i, y, w) for x, y, w in FOUR], size=SIZE)[0], i / 10)
                for i in range(5)
            ]
        return [face.points for sight in sights for face in sight.faces]

    for first, second in zip(run(), run(), strict=True):
        assert np.array_equal(first, second)


def test_more_faces_than_may_be_read_are_counted() -> None:
    picture, _ = group(FOUR, size=SIZE)
    with finder(2) as found:
        for i in range(5):
            sight = found.find(picture, i / 10)
    assert (len(sight.faces), sight.unread) == (2, 2)


def test_a_face_that_leaves_is_gone_and_the_other_stays() -> None:
    both, boxes = group(FOUR[:2], size=SIZE)
    one, _ = group(FOUR[:1], size=SIZE)
    with finder(3) as found:
        for i in range(4):
            sight = found.find(both, i / 10)
        assert right(sight, boxes)
        for i in range(4, 12):
            sight = found.find(one, i / 10)
            assert right(sight, boxes[:1])


@pytest.mark.parametrize("small", [False, True])
def test_small_faces_of_a_video_are_followed_when_asked_for(small: bool) -> None:
    with finder(3, small=small) as found:
        for i in range(6):
            places = [(160, 200, 150), (500 + 3 * i, 240, 40)]
            picture, boxes = group(places, size=SIZE)
            sight = found.find(picture, i / 10)
        assert right(sight, boxes if small else boxes[:1])


def test_a_small_face_alone_is_followed_and_then_lost() -> None:
    with finder(3, small=True) as found:
        for i in range(5):
            picture, boxes = group([(400, 240 + 3 * i, 45)], size=SIZE)
            sight = found.find(picture, i / 10)
        assert right(sight, boxes)
        empty, _ = group([], size=SIZE)
        assert not found.find(empty, 0.6).faces


def test_a_search_makes_no_frame_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    going, end = threading.Event(), threading.Event()

    def endless(*_: object, **__: object) -> Found:
        going.set()
        end.wait(30)
        return Found((), 0)

    monkeypatch.setattr(FaceSearch, "search", endless)
    picture, boxes = group(FOUR[:1], size=SIZE)
    with finder(3, small=True, live=True) as found:
        found.find(picture, 0.0)
        assert going.wait(30)
        for i in range(1, 6):
            assert right(found.find(picture, i / 30), boxes)
        assert not end.is_set()
        end.set()


def test_live_searches_find_small_faces_in_time() -> None:
    picture, boxes = group([(160, 200, 150), (500, 240, 40)], size=SIZE)
    deadline = time.monotonic() + 60
    with finder(3, small=True, live=True) as found:
        started = time.monotonic()
        while not right(found.find(picture, time.monotonic() - started), boxes):
            assert time.monotonic() < deadline


def test_another_scene_forgets_the_faces() -> None:
    both, _ = group(FOUR[:2], size=SIZE)
    empty, _ = group([], size=SIZE)
    with finder(1) as found:
        for i in range(3):
            assert found.find(both, i / 10).unread == (1 if i else 0)
        found.new_scene()
        assert found.find(empty, 0.0) == Sight((), 0)
