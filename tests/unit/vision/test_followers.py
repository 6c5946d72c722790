"""Faces followed without MediaPipe's graph: the same landmarks, and faces that leave."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from ferdesk.sources.sample import FACE_CENTRE
from ferdesk.sources.spec import SourceSpec, open_source
from ferdesk.vision.finder import FaceFinder
from ferdesk.vision.followers import Followers
from ferdesk.vision.head_transform import head_transforms
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.quality import head_pose
from ferdesk.vision.regions import same_face, size_of
from ferdesk.vision.steadying import Steadying
from ferdesk.vision.types import FaceLandmarks
from tests.unit.vision.groups import group

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="openvino is not published here"
)
SIZE = (480, 640)
TWO = ((150, 150, 120), (470, 300, 130))


@pytest.fixture(scope="module")
def loaded() -> Iterator[Followers]:
    followers = Followers(5)
    yield followers
    followers.close()


@pytest.fixture
def followers(loaded: Followers) -> Followers:
    loaded.forget()
    return loaded


def clip(frames: int, every: int, *, whole: bool = False) -> list[NDArray[np.uint8]]:
    """Square parts of the sample: in others MediaPipe stretches z where a face is tilted."""
    source = open_source(SourceSpec.parse("sample"))
    source.open()
    out = []
    while len(out) < frames and (frame := source.read()) is not None:
        height, width = frame.image.shape[:2]
        left = round(width * FACE_CENTRE - height / 2)
        part = slice(None) if whole else slice(left, left + height)
        if frame.index % every == 0:
            out.append(np.ascontiguousarray(frame.image[:, part, ::-1]))
    source.close()
    return out


def test_a_followed_face_has_the_landmarks_that_mediapipe_would_give_it(
    followers: Followers,
) -> None:
    pairs: list[tuple[FaceLandmarks, FaceLandmarks]] = []
    with Landmarker(mode="video") as landmarker:
        for i, picture in enumerate(clip(60, every=2)):
            (theirs,) = landmarker.detect(picture, i * 40)
            boxes = [theirs.box]
            (ours,) = followers.read(picture, boxes, i * 40) if i else followers.look(picture, 0)
            pairs.append((ours.complete(), theirs))
    apart = np.array([(a.points - b.points) / size_of(b.box) for a, b in pairs])
    assert np.linalg.norm(apart[..., :2], axis=-1).mean() < 0.0005
    assert np.linalg.norm(apart[..., :2], axis=-1).max() < 0.01
    assert np.abs(apart[..., 2]).max() < 0.01
    assert max(np.abs(a.blendshapes - b.blendshapes).max() for a, b in pairs) < 0.06
    for a, b in pairs:
        poses = [head_pose(face.transform) for face in (a, b)]
        assert np.allclose(*[(p.yaw, p.pitch, p.roll) for p in poses], atol=0.7)
        assert np.allclose(a.transform, b.transform, atol=0.1)
    steps = [
        np.linalg.norm(np.diff([pair[who].points for pair in pairs], axis=0), axis=-1).mean()
        for who in (0, 1)
    ]
    assert steps[0] < 1.03 * steps[1], "more jitter than MediaPipe"


@pytest.mark.parametrize("shape", [(512, 512), (300, 512)])
def test_the_head_is_where_mediapipe_places_it(
    portrait: NDArray[np.uint8], still: Landmarker, shape: tuple[int, int]
) -> None:
    height, width = shape
    (face,) = still.detect(portrait[:height, :width])
    ours = head_transforms(face.points[None], height, width)[0]
    assert np.allclose(ours, face.transform, atol=0.002)


def test_a_face_that_leaves_is_lost_and_found_again(followers: Followers) -> None:
    both, boxes = group(TWO, size=SIZE)
    one, _ = group(TWO[:1], size=SIZE)
    for i, (picture, there) in enumerate([(both, 2), (both, 2), (one, 1), (both, 2), (both, 2)]):
        faces = followers.read(picture, boxes, i * 40)
        assert len(faces) == there
        assert all(same_face(f.box, b) for f, b in zip(faces, boxes, strict=False))


def test_each_face_keeps_to_itself_whatever_the_order(followers: Followers) -> None:
    picture, boxes = group(TWO, size=SIZE)
    followers.read(picture, boxes, 0)
    forwards = followers.read(picture, boxes, 40)
    backwards = followers.read(picture, boxes[::-1], 80)
    for first, second in zip(forwards, backwards[::-1], strict=True):
        assert np.abs(first.points - second.points).max() < 1.0


def test_after_a_bad_frame_no_face_has_the_answer_of_another(
    followers: Followers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("a bad frame")

    picture, boxes = group(TWO, size=SIZE)
    followers.read(picture, boxes, 0)
    expected = [face.complete() for face in followers.read(picture, boxes, 40)]
    with monkeypatch.context() as patch:
        patch.setattr("ferdesk.vision.followers.head_transforms", fails)
        with pytest.raises(ValueError, match="a bad frame"):
            followers.read(picture, boxes, 80)
    left = followers.read(picture, boxes, 100)
    now = followers.read(picture, boxes[::-1], 120)
    with pytest.raises(ValueError, match="not in list"):
        left[0].complete()
    backwards = [face.complete() for face in now]
    scores = [[f.blendshapes for f in faces] for faces in (expected, backwards[::-1])]
    assert np.allclose(*scores, atol=0.1)
    assert not np.allclose(scores[0][0], scores[0][1], atol=0.2)


def test_five_faces_at_once(followers: Followers) -> None:
    places = [(90 + 115 * i, 240 + 20 * (i % 2), 80) for i in range(5)]
    picture, boxes = group(places, size=SIZE)
    followers.read(picture, boxes, 0)
    faces = followers.read(picture, boxes, 40)
    assert all(same_face(f.box, b) for f, b in zip(faces, boxes, strict=True))


@pytest.mark.parametrize("rest", [True, False], ids=["square", "as it is"])
def test_a_new_face_has_the_landmarks_of_mediapipes_pictures(
    followers: Followers, still: Landmarker, rest: bool
) -> None:
    """The first frame of a face: found by the detector, and read once."""
    for picture in clip(6, every=60, whole=not rest):
        followers.forget()
        (theirs,) = still.detect(picture)
        (ours,) = followers.look(picture, 0)
        apart = (ours.points - theirs.points)[:, :2] / size_of(theirs.box)
        assert np.linalg.norm(apart, axis=1).mean() < 0.005


def test_the_largest_faces_are_read_where_there_are_too_many() -> None:
    places = [(100, 240, 70), (290, 240, 130), (500, 240, 110)]
    picture, boxes = group(places, size=SIZE)
    few = Followers(2)
    try:
        faces = few.look(picture, 0)
    finally:
        few.close()
    assert len(faces) == 2
    assert all(sum(same_face(f.box, b) for f in faces) == 1 for b in boxes[1:])


def test_without_openvino_mediapipe_follows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no such plugin")

    monkeypatch.setattr("ferdesk.vision.face_models.compiled", fails)
    finder = FaceFinder(2)
    try:
        for places in (TWO, TWO[:1]):
            picture, boxes = group(places, size=SIZE)
            for i in range(4):
                sight = finder.find(picture, i / 25)
                assert all(any(same_face(face.box, box) for box in boxes) for face in sight.faces)
            assert len(sight.faces) == len(boxes)
            finder.new_scene()
    finally:
        finder.close()


def test_steadying_holds_what_rests_and_lets_go_of_what_moves() -> None:
    random = np.random.default_rng(1)
    rest = random.uniform(100, 300, (478, 3))
    steadying = Steadying(rest, 0.0)
    shaken = [
        steadying.update(rest + random.normal(0, 0.3, rest.shape), i / 30) for i in range(1, 60)
    ]
    assert np.abs(shaken[-1] - rest).mean() < 0.1
    moved = rest.copy()
    for i in range(60, 75):
        moved = moved + np.array((20.0, 0.0, 0.0))
        steady = steadying.update(moved, i / 30)
    assert np.abs(steady - moved).max() < 2.0
    assert steadying.update(rest, 1.0) is rest, "time ran backwards"
