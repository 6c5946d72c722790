"""Normalised landmarks, regions and mirror maps, on MediaPipe's own answers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch
from mediapipe.tasks.python.vision.face_landmarker import FaceLandmarksConnections
from numpy.typing import NDArray

from ferdesk.model.face_geometry import (
    BLENDSHAPES,
    LANDMARKS,
    PRESENT,
    face_geometry,
    mirrored,
    no_geometry,
    normalised,
)
from ferdesk.model.face_regions import (
    MIRRORED_BLENDSHAPES,
    MIRRORED_LANDMARKS,
    NUM_LANDMARKS,
    REGIONS,
)
from ferdesk.resources import asset
from ferdesk.vision.blendshapes import BLENDSHAPES as SCORES
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.types import FaceLandmarks
from trainer.augment.landmarks import mirrored as augment_mirrored


@pytest.fixture(scope="module")
def still() -> Iterator[Landmarker]:
    with Landmarker(mode="image") as landmarker:
        yield landmarker


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    image = cv2.imread(str(asset("portrait.png")))
    assert image is not None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


@pytest.fixture(scope="module")
def face(still: Landmarker, portrait: NDArray[np.uint8]) -> FaceLandmarks:
    (found,) = still.detect(portrait)
    return found


def test_place_size_and_tilt_are_removed(face: FaceLandmarks) -> None:
    angle = np.radians(25)
    turn = np.array(
        [(np.cos(angle), np.sin(angle), 0), (-np.sin(angle), np.cos(angle), 0), (0, 0, 1)]
    )
    moved = 2.7 * face.points @ turn + (40.0, -7.0, 3.0)
    np.testing.assert_allclose(normalised(moved), normalised(face.points), atol=1e-5)


def test_eyes_are_level_about_the_origin_one_unit_apart(face: FaceLandmarks) -> None:
    out = normalised(face.points)
    right, left = out[[33, 133]].mean(axis=0), out[[362, 263]].mean(axis=0)
    assert right[0] < 0 < left[0]
    assert right[1] == pytest.approx(0, abs=1e-6) == left[1]
    assert np.linalg.norm(left - right) == pytest.approx(1)
    assert out[152, 1] > 1, "the chin lies below"
    assert out[1, 2] < -0.1, "the tip of the nose lies in front"


def test_landmarks_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        normalised(np.zeros((478, 3)))
    with pytest.raises(ValueError, match="not finite"):
        normalised(np.full((478, 3), np.nan))


def test_the_vector_holds_all_of_it(face: FaceLandmarks) -> None:
    vector = face_geometry(face.points, face.blendshapes)
    assert vector.dtype == np.float32
    np.testing.assert_allclose(
        vector[LANDMARKS].reshape(478, 3), normalised(face.points), atol=1e-6
    )
    np.testing.assert_array_equal(vector[BLENDSHAPES], face.blendshapes)
    assert vector[PRESENT] == 1
    assert no_geometry(2).shape == (2, len(vector))
    assert not no_geometry(2).any()


def test_every_landmark_is_in_one_region() -> None:
    assert sorted(i for region in REGIONS.values() for i in region) == list(range(NUM_LANDMARKS))


@pytest.mark.parametrize(
    ("region", "group"),
    [
        ("right_brow", "RIGHT_EYEBROW"), ("left_brow", "LEFT_EYEBROW"),
        ("right_eye", "RIGHT_EYE"), ("left_eye", "LEFT_EYE"),
        ("face_outline", "FACE_OVAL"),
    ],
)  # fmt: skip
def test_regions_are_mediapipes_groups(region: str, group: str) -> None:
    assert set(REGIONS[region]) == _group(group)


def test_lips_iris_and_nose_follow_mediapipes_groups() -> None:
    assert set(REGIONS["lips_outer"]) | set(REGIONS["lips_inner"]) == _group("LIPS")
    assert set(REGIONS["left_iris"]) >= _group("LEFT_IRIS")
    assert set(REGIONS["right_iris"]) >= _group("RIGHT_IRIS")
    # The nose's group reaches up between the eyes.
    assert set(REGIONS["nose"]) | set(REGIONS["glabella"]) >= _group("NOSE")


def _group(name: str) -> set[int]:
    connections = getattr(FaceLandmarksConnections, f"FACE_LANDMARKS_{name}")
    return {i for c in connections for i in (c.start, c.end)}


def test_mirror_maps_undo_themselves_and_swap_the_sides() -> None:
    for mirror in (MIRRORED_LANDMARKS, MIRRORED_BLENDSHAPES):
        assert [mirror[i] for i in mirror] == list(range(len(mirror)))
    sides = {"Left": "Right", "Right": "Left"}
    swapped = [re.sub("(Left|Right)$", lambda m: sides[m[0]], name) for name in SCORES]
    assert [SCORES[i] for i in MIRRORED_BLENDSHAPES] == swapped
    for name, region in REGIONS.items():
        other = name.replace("right", "LEFT").replace("left", "right").replace("LEFT", "left")
        assert {MIRRORED_LANDMARKS[i] for i in region} == set(REGIONS[other])


def test_a_mirrored_picture_has_the_mirrored_geometry(
    still: Landmarker, portrait: NDArray[np.uint8], face: FaceLandmarks
) -> None:
    (there,) = still.detect(np.ascontiguousarray(portrait[:, ::-1]))
    expected = normalised(face.points)[list(MIRRORED_LANDMARKS)] * (-1, 1, 1)
    apart = np.linalg.norm(normalised(there.points) - expected, axis=1)
    # In distances between the eyes; the wrong map leaves .5 and more.
    assert apart.mean() < 0.04
    assert apart.max() < 0.12
    scores = face.blendshapes[list(MIRRORED_BLENDSHAPES)]
    assert np.abs(there.blendshapes - scores).mean() < 0.06


def test_mirroring_twice_is_no_change_and_moves_what_the_trainer_moves(face: FaceLandmarks) -> None:
    geometry = np.stack([face_geometry(face.points, face.blendshapes), no_geometry(1)[0]])
    there = mirrored(geometry)
    assert np.array_equal(mirrored(there), geometry)
    assert not np.array_equal(there[0], geometry[0])
    assert not there[1].any()
    assert np.array_equal(there, augment_mirrored(torch.from_numpy(geometry)).numpy())
