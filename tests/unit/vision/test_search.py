"""Groups: every face once, nothing where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.vision.finder import FaceFinder
from ferdesk.vision.regions import same_face, size_of, without_copies
from ferdesk.vision.search import FaceSearch
from ferdesk.vision.types import FaceLandmarks
from tests.unit.vision.groups import Background, ground, group

APART = ((110, 150, 60), (300, 480, 75), (480, 200, 90), (700, 420, 105), (880, 160, 120))
OVERLAPPING = ((230, 320, 110), (355, 350, 80), (460, 300, 105), (560, 350, 70), (650, 310, 100))


@pytest.fixture(scope="module")
def search() -> Iterator[FaceSearch]:
    with FaceSearch() as made:
        yield made


@pytest.mark.parametrize(
    ("places", "background"),
    [(APART, "grey"), (APART, "noise"), (OVERLAPPING, "stripes"), (OVERLAPPING, "gradient")],
)
def test_five_of_five_each_once(
    search: FaceSearch, places: tuple[tuple[float, float, float], ...], background: Background
) -> None:
    picture, boxes = group(places, background)
    found = search.search(picture)
    assert len(found.faces) == 5
    assert found.unreadable == 0
    for box in boxes:
        assert sum(same_face(face.box, box) for face in found.faces) == 1


@pytest.mark.parametrize("background", ["grey", "noise", "stripes", "gradient"])
def test_pictures_without_faces_stay_without(search: FaceSearch, background: Background) -> None:
    found = search.search(ground(background, 667, 1000))
    assert (found.faces, found.unreadable) == ((), 0)


def test_known_faces_are_not_found_again(search: FaceSearch) -> None:
    picture, boxes = group(APART)
    found = search.search(picture, boxes[:3])
    assert len(found.faces) == 2
    assert not any(same_face(face.box, box) for face in found.faces for box in boxes[:3])


def test_without_tiles_small_faces_stay_unseen(search: FaceSearch) -> None:
    picture, _ = group(APART)
    assert len(search.search(picture, tiles=False).faces) < 5


def test_a_large_face_hides_no_faces_of_its_own(
    search: FaceSearch, portrait: NDArray[np.uint8], face: FaceLandmarks
) -> None:
    x, y, width, height = face.box
    close = portrait[round(y - 0.3 * height) : round(y + 1.2 * height), round(x - 0.2 * width) :][
        :, : round(1.4 * width)
    ]
    assert len(search.search(close).faces) == 1


def test_a_stopped_search_ends_and_the_next_is_whole(search: FaceSearch) -> None:
    picture, _ = group(APART)
    looks = []
    detect = search._detector.detect

    def once(rgb: NDArray[np.uint8]) -> object:
        looks.append(rgb.shape)
        search.stop()
        return detect(rgb)

    search._detector.detect = once  # type: ignore[method-assign, assignment]
    try:
        search.search(ground("grey", 667, 1000))
    finally:
        del search._detector.detect
    assert len(looks) == 1
    assert len(search.search(picture).faces) == 5


def test_a_picture_gives_the_largest_and_counts_the_rest() -> None:
    picture, _ = group(APART)
    finder = FaceFinder(3)
    try:
        sight = finder.find(picture, 0.0, still=True)
    finally:
        finder.close()
    sizes = [size_of(face.box) for face in sight.faces]
    assert len(sizes) == 3
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] > 80  # those of 60 and 75 px were left out
    assert sight.unread == 2


def test_copies_are_dropped_and_neighbours_kept(face: FaceLandmarks) -> None:
    def moved(dx: float) -> FaceLandmarks:
        return replace(face, points=face.points + np.array((dx, 0, 0), np.float32))

    width = face.box[2]
    assert len(without_copies([face, moved(0.1 * width), moved(0.9 * width)])) == 2
