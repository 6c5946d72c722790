"""Labels of several faces find room beside each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QRectF

from ferdesk.ui.paint.labels import place

PICTURE = QRectF(10, 20, 640, 360)


@pytest.mark.parametrize("seed", range(12))
def test_inside_the_picture_and_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = [
        QRectF(x, y, 90, 110)
        for x, y in rng.uniform((-40, -40), (620, 340), (int(rng.integers(1, 9)), 2))
    ]
    sizes = [(float(w), 26.0) for w in rng.uniform(90, 150, len(boxes))]
    spots = place(boxes, sizes, PICTURE)
    assert all(PICTURE.contains(spot) for spot in spots)
    for one, other in combinations(spots, 2):
        assert not one.intersects(other), (one, other)


def test_above_its_box_where_there_is_room() -> None:
    (spot,) = place([QRectF(200, 150, 100, 100)], [(120, 26)], PICTURE)
    assert spot == QRectF(200, 119, 120, 26)
    (spot,) = place([QRectF(200, 25, 100, 100)], [(120, 26)], PICTURE)
    assert spot.top() == 130


def test_no_label_stands_where_it_seems_to_belong_to_another_face() -> None:
    """Two by two faces: the upper ones have hardly any room above them, nor below."""
    boxes = [QRectF(x, y, 90, 120) for y in (44.0, 184.0) for x in (120.0, 400.0)]
    spots = place(boxes, [(130.0, 26.0)] * 4, PICTURE)
    for index, spot in enumerate(spots):
        others = [box for number, box in enumerate(boxes) if number != index]
        assert not any(spot.intersects(box.adjusted(0, -26, 0, 0)) for box in others), index
