"""Geometry of the aligned crop, worked by hand, and its picture on the real portrait."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.vision.crop import ANCHORS, CROP_SIZE, TEMPLATE, align_face, crop_transform
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.types import FaceLandmarks

Picture = NDArray[np.uint8]
_SPREAD = np.array((3, -2))


def landmarks_at(anchors: NDArray[np.float64]) -> NDArray[np.float32]:
    """Landmarks whose anchor groups have the given centres, but spread round them."""
    points = np.full((478, 3), 7.0, np.float32)
    for group, centre in zip(ANCHORS, anchors, strict=True):
        first, second = group
        points[first, :2] = centre + _SPREAD
        points[second, :2] = centre - _SPREAD
    return points


def similar(points: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    moved = points.copy()
    moved[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return moved.astype(np.float32)


def difference(first: Picture, second: Picture) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def test_template_maps_to_itself() -> None:
    matrix = crop_transform(landmarks_at(TEMPLATE * CROP_SIZE))
    np.testing.assert_allclose(matrix, [(1, 0, 0), (0, 1, 0)], atol=1e-5)


def test_hand_worked_similarity() -> None:
    # The template turned by 90° clockwise (x, y -> -y, x), three times as large, moved by
    # (400, 50). Its inverse is crop = R(-90°) (p - t) / 3.
    template = TEMPLATE * CROP_SIZE
    anchors = 3 * np.column_stack((-template[:, 1], template[:, 0])) + (400, 50)
    matrix = crop_transform(landmarks_at(anchors))
    np.testing.assert_allclose(matrix, [(0, 1 / 3, -50 / 3), (-1 / 3, 0, 400 / 3)], atol=1e-4)


def test_best_fit_is_umeyama() -> None:
    rng = np.random.default_rng(3)
    target = TEMPLATE * CROP_SIZE
    source = target * 1.7 + rng.normal(0, 6, target.shape)
    matrix = crop_transform(landmarks_at(source))
    # Umeyama (1991), written out.
    s, t = source - source.mean(0), target - target.mean(0)
    u, d, vt = np.linalg.svd(t.T @ s)
    sign = np.diag((1, np.linalg.det(u @ vt)))
    linear = u @ sign @ vt * np.trace(np.diag(d) @ sign) / (s**2).sum()
    np.testing.assert_allclose(matrix[:, :2], linear, atol=1e-4)
    np.testing.assert_allclose(matrix[:, 2], target.mean(0) - linear @ source.mean(0), atol=1e-3)


def test_mirrored_points_never_give_a_reflection() -> None:
    anchors = TEMPLATE * CROP_SIZE * (-1, 1) + (112, 0)
    matrix = crop_transform(landmarks_at(anchors))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_two_and_three_columns_agree(face: FaceLandmarks) -> None:
    np.testing.assert_array_equal(crop_transform(face.points), crop_transform(face.points[:, :2]))


def test_identity_copies_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    crop = align_face(picture, landmarks_at(TEMPLATE * CROP_SIZE))
    assert np.abs(crop.astype(int) - picture).max() <= 1
    assert crop.flags.c_contiguous


def test_half_size_averages_pixel_pairs() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    crop = align_face(picture, landmarks_at(TEMPLATE * 224))
    expected = picture.reshape(112, 2, 112, 2, 3).mean(axis=(1, 3))
    assert np.abs(crop - expected).max() <= 1.5


@pytest.mark.parametrize("scale", [1.3, 2.0, 2.9, 3.5, 7.3, 20.0])
def test_large_faces_do_not_alias(scale: float) -> None:
    """Stripes finer than a crop pixel must turn into their mean, whatever the size.

    Judged after averaging 2×2 pixels, the detail that the shipped network looks at: faces little
    larger than the crop are sampled once a pixel, for speed.
    """
    side = round(CROP_SIZE * scale)
    period = max(2, round(scale * 0.8)) if scale > 2.5 else 2
    stripes = np.where(np.arange(side) % period < period / 2, 255, 0).astype(np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(stripes[None, :, None], (side, side, 3)))
    crop = align_face(picture, landmarks_at(TEMPLATE * side)).astype(float)
    inner = crop[8:-8, 8:-8].reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    # Taking single samples of the stripes would give a deviation near 127.
    assert inner.std() < 60
    assert abs(inner.mean() - stripes.mean()) < 12


@pytest.mark.parametrize("scale", [0.35, 0.9, 2.0, 3.2, 6.0])
@pytest.mark.parametrize("degrees", [0, 17, -90, 180])
def test_same_face_gives_the_same_crop(
    portrait: Picture, face: FaceLandmarks, scale: float, degrees: float
) -> None:
    """Turn and scale picture and landmarks together: the crop must not notice."""
    angle = math.radians(degrees)
    linear = scale * np.array(
        [(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))]
    )
    centre = np.array((225.0, 128.0))
    side = round(260 * scale)
    matrix = np.column_stack((linear, side / 2 - linear @ centre))
    shifted = matrix.copy()  # warpAffine counts from pixel centres
    shifted[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    moved = np.asarray(cv2.warpAffine(portrait, shifted, (side, side), flags=flags), np.uint8)
    crop = align_face(moved, similar(face.points, matrix))
    original = align_face(portrait, face.points)
    blur = 4.0 if scale < 0.5 else 1.2
    soft = np.asarray(cv2.GaussianBlur(original, (0, 0), blur), np.uint8)
    softer = np.asarray(cv2.GaussianBlur(crop, (0, 0), blur), np.uint8)
    assert difference(softer[6:-6, 6:-6], soft[6:-6, 6:-6]) < 2.5
    # A shift by half a crop pixel would not pass for the same crop.
    shift, _ = cv2.phaseCorrelate(soft.mean(2), softer.mean(2))
    assert math.hypot(*shift) < 0.35


def test_crop_shows_eyes_and_mouth_where_the_template_says(
    still: Landmarker, portrait: Picture, face: FaceLandmarks
) -> None:
    crop = align_face(portrait, face.points)
    assert crop.shape == (112, 112, 3)
    large = np.asarray(cv2.resize(crop, (448, 448), interpolation=cv2.INTER_CUBIC), np.uint8)
    framed = cv2.copyMakeBorder(large, 96, 96, 96, 96, cv2.BORDER_REPLICATE)
    (found,) = still.detect(np.asarray(framed, np.uint8))
    points = (found.points[:, :2] - 96) / 4
    centres = np.array([points[list(group)].mean(0) for group in ANCHORS])
    assert np.abs(centres - TEMPLATE * CROP_SIZE).max() < 8
    matrix = crop_transform(face.points)
    exact = face.points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert exact[[70, 105, 334, 300], 1].min() > 15  # brows, with room to be raised
    assert exact[17, 1] < CROP_SIZE - 15  # lower lip, with room to drop
    assert exact[152, 1] < CROP_SIZE + 4  # the very edge of the chin


def test_colour_order_is_kept(portrait: Picture, face: FaceLandmarks) -> None:
    rgb = align_face(portrait, face.points)
    bgr = align_face(portrait[:, :, ::-1], face.points)
    np.testing.assert_array_equal(rgb, bgr[:, :, ::-1])


@pytest.mark.parametrize("offset", [(-400, 0), (0, -400), (500, 500), (5000, -5000)])
@pytest.mark.parametrize("scale", [0.5, 6.0])
def test_face_outside_the_frame_repeats_the_border(offset: tuple[int, int], scale: float) -> None:
    picture = np.full((60, 80, 3), (10, 20, 30), np.uint8)
    crop = align_face(picture, landmarks_at(TEMPLATE * CROP_SIZE * scale + offset))
    assert (crop == (10, 20, 30)).all()


def test_one_pixel_frame() -> None:
    crop = align_face(np.full((1, 1, 3), 9, np.uint8), landmarks_at(TEMPLATE * 400))
    assert (crop == 9).all()


def test_8k_face_is_affordable() -> None:
    picture = np.zeros((4320, 7680, 3), np.uint8)
    picture[2000:2400] = 255
    crop = align_face(picture, landmarks_at(TEMPLATE * 4000 + (1000, 100)))
    # Rows 2000..2400 are crop rows (1900..2300) * 112 / 4000 = 53.2..64.4.
    assert (crop[54:64] == 255).all()
    assert (crop[:52] == 0).all()
    assert (crop[66:] == 0).all()


def test_other_sizes(portrait: Picture, face: FaceLandmarks) -> None:
    assert align_face(portrait, face.points, size=224).shape == (224, 224, 3)


@pytest.mark.parametrize(
    "points",
    [np.zeros((478, 3)), np.full((478, 3), np.nan), np.zeros((5, 2)), np.zeros((478, 4))],
)
def test_nonsense_landmarks(points: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="landmarks"):
        align_face(np.zeros((9, 9, 3), np.uint8), points.astype(np.float32))


@pytest.mark.parametrize(
    "image", [np.zeros((9, 9)), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8)]
)
def test_nonsense_pictures(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        align_face(image, landmarks_at(TEMPLATE * 112))
