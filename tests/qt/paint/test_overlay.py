"""Boxes, mesh, labels: on the analysed frame, at the right place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import Reading
from ferdesk.ui.paint.face_mesh import MESH, OUTLINE
from ferdesk.ui.paint.overlay import (
    FrameMap,
    OverlayOptions,
    annotate,
    fit,
    label_colour,
    label_text,
    percent,
)
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS
from ferdesk.ui.state.shown import Shown
from ferdesk.ui.window.snapshot import render
from tests.qt.conftest import Bench
from tests.qt.readings import make_face, make_reading, peaked

NOTHING = OverlayOptions(box=False, label=False, mesh=False, pose=False)


def bgr(image: QImage) -> NDArray[np.uint8]:
    image = image.convertToFormat(QImage.Format.Format_BGR888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def changed(reading: Reading, options: OverlayOptions) -> NDArray[np.bool_]:
    """Which pixels of the frame the overlay touches."""
    painted = bgr(annotate(Shown(reading), options)).astype(int)
    return np.abs(painted - reading.frame.image).max(2) > 8


@pytest.fixture
def left(qapp: object) -> Reading:
    """A face in the left half of a grey frame."""
    grey = np.full((480, 640, 3), 90, np.uint8)
    return make_reading((make_face(centre=(160, 240), size=180),), image=grey)


def test_without_overlay_the_picture_is_untouched(left: Reading) -> None:
    assert np.array_equal(bgr(annotate(Shown(left), NOTHING)), left.frame.image)


@pytest.mark.parametrize("part", ["box", "label", "mesh", "pose"])
def test_every_part_is_painted_at_the_face(left: Reading, part: str) -> None:
    touched = changed(left, replace(NOTHING, **{part: True}))
    ys, xs = np.nonzero(touched)
    assert touched.sum() > 80
    x, y, w, h = left.faces[0].landmarks.box
    assert x - 0.2 * w <= xs.min()
    assert xs.max() <= x + 1.6 * w
    assert y - 0.4 * h <= ys.min()
    assert ys.max() <= y + 1.2 * h


def test_the_mirror_moves_the_overlay_with_the_picture(left: Reading) -> None:
    mirrored = changed(left, replace(NOTHING, box=True, mirror=True))
    assert np.nonzero(mirrored)[1].min() > 320
    plain = changed(left, replace(NOTHING, box=True))
    here, there = np.nonzero(mirrored)[1], 640 - np.nonzero(plain)[1]
    assert abs(here.min() - there.min()) <= 3
    assert abs(here.max() - there.max()) <= 3


def test_text_is_not_mirrored(left: Reading) -> None:
    plain = changed(left, replace(NOTHING, label=True))
    mirrored = changed(left, replace(NOTHING, label=True, mirror=True))
    (y0, x0), (y1, x1) = (np.argwhere(m).min(0) for m in (plain, mirrored))
    assert y0 == y1
    height = np.argwhere(plain).max(0)[0] - y0
    # The mark stands at the left end of the chip in both.
    chip = plain[y0 : y0 + height, x0 : x0 + 60]
    assert (chip == mirrored[y1 : y1 + height, x1 : x1 + 60]).mean() > 0.97


def test_the_box_has_the_colour_of_the_expression(qapp: object) -> None:
    grey = np.full((480, 640, 3), 90, np.uint8)
    for index, name in enumerate(EXPRESSIONS):
        face = make_face(probabilities=peaked(index))
        seen = bgr(annotate(Shown(make_reading((face,), image=grey)), replace(NOTHING, box=True)))
        colour = EXPRESSION_QCOLORS[index]
        wanted = np.array([colour.blue(), colour.green(), colour.red()])
        assert (np.abs(seen.astype(int) - wanted).max(2) < 12).sum() > 60, name


def test_labels_stay_inside_the_picture(qapp: object) -> None:
    for centre in ((30.0, 20.0), (620.0, 20.0), (320.0, 470.0)):
        reading = make_reading((make_face(centre=centre, size=120),))
        assert changed(reading, replace(NOTHING, label=True)).sum() > 300


def test_tiny_and_huge_frames(qapp: object) -> None:
    for shape in ((1, 1, 3), (2, 2000, 3), (4320, 7680, 3)):
        image = np.zeros(shape, np.uint8)
        reading = make_reading(image=image)
        assert annotate(Shown(reading), OverlayOptions()).size().toTuple() == (shape[1], shape[0])


def test_the_window_paints_on_the_analysed_frame(bench: Bench) -> None:
    bench.run()
    image = np.full((480, 640, 3), (200, 40, 90), np.uint8)
    bench.show(make_reading((), image=image))
    shot = bench.video.grab().toImage()
    target = bench.video.picture_rect()
    spot = shot.pixelColor(target.center().toPoint())
    assert (spot.blue(), spot.green(), spot.red()) == (200, 40, 90)
    face = make_face(probabilities=peaked(4))
    bench.show(make_reading((face,), index=1, image=image))
    shot = bench.video.grab().toImage()
    box = FrameMap(target, 640, 480).rect(face.landmarks.box)
    air = 0.06 * max(box.width(), box.height())
    edge = round(box.left() - air)
    reds = [shot.pixelColor(edge + x, round(box.center().y())).red() for x in range(-3, 4)]
    assert max(reds) > 150
    assert shot.pixelColor(round(box.center().x()), round(box.center().y())).red() == 90


def test_render_keeps_the_mirror(left: Reading) -> None:
    image = bgr(render(Shown(left), OverlayOptions(mirror=True), True))
    assert (np.abs(image.astype(int) - 90).max(2) > 8)[:, 320:].sum() > 500


def test_the_mesh_is_the_one_of_mediapipe() -> None:
    assert MESH.shape == (1322, 2)
    assert OUTLINE.max() == 477
    assert MESH.max() == 467
    assert len({tuple(sorted(pair)) for pair in MESH.tolist()}) == 1322


def test_fit_keeps_the_aspect_ratio() -> None:
    area = fit(640, 480, QRectF(0, 0, 1000, 300))
    assert (area.width(), area.height()) == (400, 300)
    assert area.center() == QRectF(0, 0, 1000, 300).center()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 %"),
        (0.001, "<1 %"),
        (0.01, "1 %"),
        (0.873, "87 %"),
        (0.999, ">99 %"),
        (1.0, "100 %"),
    ],
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_the_label_over_the_face_and_snapshots_follow(judged: Bench) -> None:
    face = make_face(face_id=2, reliability=0.5, prediction_set=("fear", "surprise"))
    assert label_text(face, 0.0) == "Happiness  73 %"
    assert label_text(face, 0.54) == "Unsure"
    assert label_text(face, 0.54, 2) == "2 · Unsure"
    assert label_colour(face, 0.5) == EXPRESSION_QCOLORS[1]
    assert label_colour(face, 0.54) not in EXPRESSION_QCOLORS
    reading = make_reading((face,))
    told, withheld = (annotate(Shown(reading, 2, t), OverlayOptions()) for t in (0.0, 0.54))
    assert told != withheld
    judged.show(reading)
    assert annotate(judged.window.live.shown, judged.video.options) == withheld
