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
