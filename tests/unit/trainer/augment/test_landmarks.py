"""Landmarks move as their picture does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ferdesk.model.face_geometry import GEOMETRY_SIZE, LANDMARKS, PRESENT, face_geometry, normalised
from ferdesk.resources import asset
from ferdesk.vision.crop import align_face
from ferdesk.vision.landmarker import Landmarker
from tests.unit.trainer.augment.test_augment import OFF, generator, pictures
from trainer.augment import augment_faces
from trainer.augment.chance import Chance
from trainer.augment.geometry import turning
from trainer.augment.landmarks import mirrored, points_of, renormalised, turned
from trainer.augment_options import AugmentConfig
from trainer.data.packed import find_face


@pytest.fixture(scope="module")
def still() -> Iterator[Landmarker]:
    with Landmarker(mode="image") as landmarker:
        yield landmarker


@pytest.fixture(scope="module")
def crop(still: Landmarker) -> NDArray[np.uint8]:
    image = cv2.imread(str(asset("portrait.png")))
    assert image is not None
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    return align_face(rgb, still.detect(rgb)[0].points)


def geometry_of(crop: NDArray[np.uint8], still: Landmarker) -> torch.Tensor:
    """(1, GEOMETRY_SIZE) of a crop, as MediaPipe sees it."""
    face = find_face(crop, still)
    assert face is not None
    return torch.from_numpy(face_geometry(face.points, face.blendshapes))[None]


def test_nothing_on_changes_nothing(crop: NDArray[np.uint8], still: Landmarker) -> None:
    given = geometry_of(crop, still).repeat(6, 1)
    _, moved = augment_faces(pictures(), given, OFF, generator())
    torch.testing.assert_close(moved, given, atol=1e-5, rtol=0)


def test_normalised_again_as_the_app_does(crop: NDArray[np.uint8], still: Landmarker) -> None:
    points = points_of(geometry_of(crop, still))
    tilted = turned(points, torch.tensor([0.3]), torch.tensor([-0.2]))
    expected = normalised(tilted[0].numpy())
    np.testing.assert_allclose(renormalised(tilted)[0].numpy(), expected, atol=1e-5)


def test_twice_mirrored_is_as_it_was(crop: NDArray[np.uint8], still: Landmarker) -> None:
    given = geometry_of(crop, still)
    assert not torch.allclose(mirrored(given), given, atol=1e-2)
    torch.testing.assert_close(mirrored(mirrored(given)), given)


def test_pictures_and_landmarks_turn_the_same_way(
    crop: NDArray[np.uint8], still: Landmarker
) -> None:
    """MediaPipe finds in a warped picture what turning the landmarks predicts."""
    config = replace(OFF, pose=1.0, flip=0.5)
    n = 12
    x = torch.from_numpy(crop).permute(2, 0, 1)[None].float().repeat(n, 1, 1, 1)
    given = geometry_of(crop, still).repeat(n, 1)
    changed, moved = augment_faces(x, given, config, generator(4))
    yaw, pitch = turning(config, Chance(n, torch.device("cpu"), generator(4)))
    predicted, seen = points_of(moved), []
    for picture in changed:
        array = picture.permute(1, 2, 0).numpy().round().astype(np.uint8)
        seen.append(points_of(geometry_of(array, still))[0])
    found = torch.stack(seen)
    assert yaw.abs().max() > 0.2
    assert pitch.abs().max() > 0.1
    # How far the nose's tip lies beside the middle of the eyes, and the chin behind them.
    aside, its = predicted[:, 1, 0], found[:, 1, 0]
    assert torch.corrcoef(torch.stack([aside, its]))[0, 1] > 0.9
    assert 0.5 < its.std() / aside.std() < 2
    behind, its = predicted[:, 152, 2], found[:, 152, 2]
    assert torch.corrcoef(torch.stack([behind, its]))[0, 1] > 0.6


def test_a_few_faces_see_one_stream_only(crop: NDArray[np.uint8], still: Landmarker) -> None:
    n = 60
    given = geometry_of(crop, still).repeat(n, 1)
    given[0] = 0.0
    config = replace(OFF, lose_picture=0.3, lose_landmarks=0.5)
    changed, moved = augment_faces(pictures(n), given, config, generator(1))
    blind = (changed == 127.5).flatten(1).all(dim=1)
    absent = moved[:, PRESENT] == 0
    assert not moved[absent].any()
    assert 5 < blind.sum() < 30
    assert 10 < absent.sum() < 45
    assert not (blind & absent).any()
    assert not blind[0], "a face without landmarks keeps its picture"


def test_faces_without_landmarks_stay_without() -> None:
    _, moved = augment_faces(
        pictures(3), torch.zeros(3, GEOMETRY_SIZE), AugmentConfig(), generator()
    )
    assert not moved.any()


def test_jitter_is_as_large_as_asked(crop: NDArray[np.uint8], still: Landmarker) -> None:
    given = geometry_of(crop, still).repeat(50, 1)
    _, moved = augment_faces(pictures(50), given, replace(OFF, jitter=0.01), generator())
    spread = (moved - given)[:, LANDMARKS].std()
    assert 0.008 < spread < 0.02
