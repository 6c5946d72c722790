"""Signs and figures of pose and quality, on real pictures and on matrices worked by hand."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.sources.video import VideoSource
from ferdesk.vision.crop import align_face
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.quality import head_pose, measure
from ferdesk.vision.types import FaceLandmarks, HeadPose

Picture = NDArray[np.uint8]
FRONT = HeadPose(0.0, 0.0, 0.0)
MEDIA = Path(__file__).parents[4] / "shared" / "media" / "grid_bbaf2n.mpg"


def matrix(rotation: NDArray[np.float64], scale: float = 1.0) -> NDArray[np.float32]:
    transform = np.eye(4, dtype=np.float32)
    transform[:3, :3] = rotation * scale
    transform[:3, 3] = (0, 0, -50)
    return transform


def about(axis: str, degrees: float) -> NDArray[np.float64]:
    """Right-handed rotation; x right, y up, z towards the camera."""
    vector = np.zeros(3)
    vector["xyz".index(axis)] = math.radians(degrees)
    return np.asarray(cv2.Rodrigues(vector)[0])


def test_hand_worked_rotations() -> None:
    # The nose points along +z. About y it goes to +x, the right of the picture.
    assert head_pose(matrix(about("y", 30))).yaw == pytest.approx(30, abs=1e-3)
    # About x by a positive angle it goes down.
    assert head_pose(matrix(about("x", 20))).pitch == pytest.approx(-20, abs=1e-3)
    # About z by a positive angle the head goes anticlockwise for the viewer.
    assert head_pose(matrix(about("z", 15))).roll == pytest.approx(-15, abs=1e-3)
    mixed = head_pose(matrix(about("y", -40) @ about("x", -10) @ about("z", -25)))
    assert (mixed.yaw, mixed.pitch, mixed.roll) == pytest.approx((-40, 10, 25), abs=1e-3)


def test_scale_and_shear_are_ignored() -> None:
    assert head_pose(matrix(about("y", 30), 7.5)).yaw == pytest.approx(30, abs=1e-3)
    sheared = about("y", 30) @ np.array([(1, 0.02, 0), (0.02, 1, 0), (0, 0, 1)])
    assert head_pose(matrix(sheared)).yaw == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    "transform",
    [
        np.zeros((4, 4)),
        np.full((4, 4), np.nan),
        np.full((4, 4), np.inf),
        np.ones((4, 4)),
        np.eye(3),
        np.diag((1.0, 1.0, 0.0, 1.0)),
    ],
)
def test_matrices_without_a_rotation(transform: NDArray[np.float64]) -> None:
    assert head_pose(transform.astype(np.float32)) == FRONT


def test_any_matrix_gives_finite_angles() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        pose = head_pose(rng.normal(0, 10, (4, 4)).astype(np.float32))
        assert np.isfinite((pose.yaw, pose.pitch, pose.roll)).all()


def turned(portrait: Picture, degrees: float) -> Picture:
    """The picture turned clockwise about the face."""
    rotation = cv2.getRotationMatrix2D((225, 128), -degrees, 1)
    return np.asarray(
        cv2.warpAffine(portrait, rotation, (512, 512), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


@pytest.mark.parametrize("degrees", [-40, -20, 20, 40])
def test_roll_on_the_portrait(
    still: Landmarker, portrait: Picture, face: FaceLandmarks, degrees: float
) -> None:
    (found,) = still.detect(turned(portrait, degrees))
    upright = head_pose(face.transform).roll
    assert head_pose(found.transform).roll - upright == pytest.approx(degrees, abs=4)


def test_mirror_flips_yaw_and_roll_only(
    still: Landmarker, portrait: Picture, face: FaceLandmarks
) -> None:
    (mirrored,) = still.detect(portrait[:, ::-1])
    pose, other = head_pose(face.transform), head_pose(mirrored.transform)
    assert other.yaw == pytest.approx(-pose.yaw, abs=2)
    assert other.roll == pytest.approx(-pose.roll, abs=2)
    assert other.pitch == pytest.approx(pose.pitch, abs=2.5)
    assert pose.roll > 2  # her right eye is the higher one in the picture


@pytest.mark.parametrize("place", [(0.2, 0.3), (0.8, 0.3), (0.5, 0.7), (0.25, 0.7)])
def test_pose_does_not_depend_on_the_place_in_the_picture(
    still: Landmarker, portrait: Picture, place: tuple[float, float]
) -> None:
    poses = []
    for x, y in ((0.5, 0.5), place):
        shift = np.array([(1.6, 0, x * 640 - 1.6 * 225), (0, 1.6, y * 480 - 1.6 * 128)])
        moved = cv2.warpAffine(portrait, shift, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        (found,) = still.detect(np.asarray(moved, np.uint8))
        poses.append(head_pose(found.transform))
    assert poses[1].yaw == pytest.approx(poses[0].yaw, abs=2.5)
    assert poses[1].pitch == pytest.approx(poses[0].pitch, abs=3)


@pytest.mark.media
@pytest.mark.skipif(not MEDIA.is_file(), reason="shared media not present")
def test_signs_on_a_person_who_moves(still: Landmarker) -> None:
    """Where the nose goes, relative to eyes and mouth, the angles must go too."""
    source = VideoSource(MEDIA)
    source.open()
    rows = []
    while (frame := source.read()) is not None:
        (found,) = still.detect(frame.image[:, :, ::-1])
        points = found.points[:, :2]
        unit = np.hypot(*(points[263] - points[33]))
        nose = (points[1] - points[[33, 263, 61, 291]].mean(0)) / unit
        pose = head_pose(found.transform)
        rows.append((pose.yaw, nose[0], pose.pitch, -nose[1]))
    source.close()
    assert len(rows) == 75
    yaw, right, pitch, up = np.array(rows).T
    assert np.corrcoef(yaw, right)[0, 1] > 0.5
    assert np.corrcoef(pitch, up)[0, 1] > 0.5


def test_figures_of_the_portrait(portrait: Picture, face: FaceLandmarks) -> None:
    crop = align_face(portrait, face.points)
    quality = measure(face.points, FRONT, crop, (512, 512))
    assert 55 < quality.size < 65
    assert 0.4 < quality.brightness < 0.7
    assert 0.15 < quality.contrast < 0.35
    assert quality.inside == 1.0
    assert measure(face.points, HeadPose(60, 0, 0), crop, (512, 512)).size == pytest.approx(
        2 * quality.size, rel=1e-3
    )


def test_blur_and_darkness_show(portrait: Picture, face: FaceLandmarks) -> None:
    def quality(picture: NDArray[np.generic]) -> tuple[float, float, float]:
        crop = align_face(np.asarray(picture, np.uint8), face.points)
        q = measure(face.points, FRONT, crop, (512, 512))
        return q.sharpness, q.brightness, q.contrast

    sharp = quality(portrait)
    blurred = quality(cv2.GaussianBlur(portrait, (0, 0), 2.5))
    dark = quality(portrait // 4)
    assert blurred[0] < sharp[0] / 3
    assert dark[0] == pytest.approx(sharp[0], rel=0.15)  # less light is not less sharpness
    assert dark[1] < sharp[1] / 3
    assert dark[2] < sharp[2] / 3


def test_one_colour_and_leaving_the_frame(face: FaceLandmarks) -> None:
    flat = np.full((112, 112, 3), 255, np.uint8)
    quality = measure(face.points, FRONT, flat, (512, 225))
    assert (quality.sharpness, quality.brightness, quality.contrast) == pytest.approx(
        (0, 1, 0), abs=1e-6
    )
    assert 0.3 < quality.inside < 0.7
