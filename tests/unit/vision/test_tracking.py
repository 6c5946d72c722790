"""Ids through motion, crossing, absence and crowds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ferdesk.vision.tracking import Box, FaceTracker, _cheapest


def box(x: float, y: float = 100.0, size: float = 80.0) -> Box:
    """A square face centred at x, y."""
    return x - size / 2, y - size / 2, size, size


def test_ids_count_from_one_and_follow_the_order_of_the_boxes() -> None:
    tracker = FaceTracker()
    assert tracker.update([box(100), box(400)], 0.0) == (1, 2)
    assert tracker.update([box(402), box(101)], 0.03) == (2, 1)
    assert tracker.update([], 0.06) == ()
    tracker.reset()
    assert tracker.update([box(400)], 0.1) == (1,)


@pytest.mark.parametrize("fps", [5, 12, 30])
@pytest.mark.parametrize("lane", [0.0, 15.0])
def test_crossing(fps: int, lane: float) -> None:
    """Two people walk past each other, both seen all the time."""
    tracker = FaceTracker()
    rng = np.random.default_rng(1)
    for index in range(3 * fps + 1):
        t = index / fps
        first = box(100 + 130 * t + rng.normal(0, 1), 100)
        second = box(490 - 130 * t + rng.normal(0, 1), 100 + lane)
        # The order MediaPipe gives them in means nothing.
        swapped = index % 3 == 1
        ids = tracker.update([second, first] if swapped else [first, second], t)
        # Where both are in the very same place, either answer is right.
        if lane or abs(first[0] - second[0]) > 6:
            assert ids == ((2, 1) if swapped else (1, 2)), f"at {t:.2f} s"


@pytest.mark.parametrize("fps", [8, 30])
def test_crossing_behind_the_other(fps: int) -> None:
    """One person stands, another passes behind and is hidden for a while."""
    tracker = FaceTracker()
    hidden = 0
    for index in range(3 * fps + 1):
        t = index / fps
        x = 60 + 150 * t
        boxes = [box(300)]
        if abs(x - 300) > 55:
            boxes.append(box(x))
        else:
            hidden += 1
        ids = tracker.update(boxes, t)
        assert ids == (1, 2)[: len(boxes)], f"at {t:.2f} s"
    assert hidden / fps > 0.6


@pytest.mark.parametrize(("absence", "same"), [(0.2, True), (1.0, True), (1.3, False)])
def test_short_absence(absence: float, same: bool) -> None:
    tracker = FaceTracker()
    for index in range(10):
        tracker.update([box(200 + index % 2)], index / 30)
    last = 9 / 30
    tracker.update([], last + absence / 2)
    assert tracker.update([box(205)], last + absence) == ((1,) if same else (2,))


def test_face_that_stops_while_it_is_away_is_known_again() -> None:
    tracker = FaceTracker()
    for index in range(15):
        tracker.update([box(100 + 10 * index)], index / 30)  # 300 px/s
    assert tracker.update([box(245)], 14 / 30 + 0.8) == (1,)


def test_another_place_is_another_face() -> None:
    tracker = FaceTracker()
    tracker.update([box(100)], 0.0)
    assert tracker.update([box(500)], 0.1) == (2,)
    assert tracker.update([box(100)], 0.2) == (1,)


def test_another_size_is_another_face() -> None:
    tracker = FaceTracker()
    tracker.update([box(300, size=300)], 0.0)
    assert tracker.update([box(300, size=40)], 0.1) == (2,)


def test_newcomer_does_not_steal_an_id() -> None:
    tracker = FaceTracker()
    tracker.update([box(300)], 0.0)
    # Both are near; the sum of costs decides, not the order.
    assert tracker.update([box(370), box(302)], 0.03) == (2, 1)


def test_four_faces_in_any_order() -> None:
    tracker = FaceTracker()
    xs = [100.0, 190.0, 280.0, 370.0]
    tracker.update([box(x) for x in xs], 0.0)
    for k, order in enumerate(itertools.permutations(range(4)), start=1):
        ids = tracker.update([box(xs[i] + k % 3) for i in order], k / 30)
        assert ids == tuple(i + 1 for i in order)


def test_time_that_runs_backwards_does_no_harm() -> None:
    tracker = FaceTracker()
    tracker.update([box(100)], 50.0)
    assert tracker.update([box(103)], 0.0) == (1,)
    assert tracker.update([box(104)], 0.0) == (1,)
    assert tracker.update([box(104)], 5.0) == (2,)


def test_empty_box_is_no_division_by_zero() -> None:
    tracker = FaceTracker()
    assert tracker.update([(5.0, 5.0, 0.0, 0.0)], 0.0) == (1,)
    assert tracker.update([(5.0, 5.0, 0.0, 0.0)], 0.1) == (1,)


def test_assignment_is_optimal() -> None:
    rng = np.random.default_rng(7)
    for _ in range(200):
        rows = int(rng.integers(1, 5))
        columns = int(rng.integers(rows, 6))
        cost = rng.integers(0, 9, (rows, columns)).astype(float)
        pairs = _cheapest(cost.tolist())
        assert [row for row, _ in pairs] == list(range(rows))
        assert len({column for _, column in pairs}) == rows
        best = min(
            sum(cost[row, column] for row, column in enumerate(choice))
            for choice in itertools.permutations(range(columns), rows)
        )
        assert sum(cost[row, column] for row, column in pairs) == best
