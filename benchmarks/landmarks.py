"""Are the landmarks of followed faces those of MediaPipe? Both on the same frames, in turn.

    python -m benchmarks.landmarks [--source sample] [--precision f32] [--whole]

MediaPipe's video landmarker against its models on OpenVINO, which go on from its first landmarks.
Prints by how much they differ, in shares of the face's size (the root of the area of its box), and
what a frame takes. The frames are cut square round the sample's face unless `--whole`: elsewhere
MediaPipe stretches the depth of a tilted face by the picture's proportions.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.sources.sample import FACE_CENTRE
from ferdesk.sources.spec import SourceKind, SourceSpec, open_source
from ferdesk.vision.face_models import FaceModels
from ferdesk.vision.followers import FollowedFace, Follower
from ferdesk.vision.head_transform import head_transforms
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.quality import head_pose
from ferdesk.vision.regions import size_of
from ferdesk.vision.types import FaceLandmarks

_SETTLING: Final = 15
"""Frames left out after a face was found: the filters begin at different moments."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default="sample")
    parser.add_argument("--precision", choices=("f32", "f16", "bf16"), default="f32")
    parser.add_argument("--whole", action="store_true", help="whole frames, not squares of them")
    args = parser.parse_args()
    models, follower = FaceModels(precision=args.precision), Follower()
    pairs: list[tuple[FaceLandmarks, FaceLandmarks]] = []
    took: list[tuple[float, float]] = []
    lost, since = 0, 0
    with Landmarker(mode="video") as landmarker:
        for rgb, moment in _frames(SourceSpec.parse(args.source), whole=args.whole):
            start = time.perf_counter()
            faces = landmarker.detect(rgb, round(moment * 1000))
            between = time.perf_counter()
            ours = _follow(models, follower, rgb, moment)
            end = time.perf_counter()
            since = since + 1 if faces and ours else 0
            if faces and ours is None:
                lost += follower.box is not None
                follower.forget()
                follower.move(faces[0].points.astype(np.float64), moment)
            elif ours and since > _SETTLING:
                pairs.append((ours, faces[0]))
                took.append((between - start, end - between))
    _report(pairs, took, lost)
    return 0


def _follow(
    models: FaceModels, follower: Follower, rgb: NDArray[np.uint8], moment: float
) -> FaceLandmarks | None:
    if follower.square is None:
        return None
    (points,) = models.landmarks(rgb, [follower.square])
    if points is None:
        return None
    points = follower.move(points, moment)
    scores = models.begin_blendshapes(points)
    transform = head_transforms(points[None], *rgb.shape[:2])[0]
    return FollowedFace(points, transform, scores).complete()


def _frames(spec: SourceSpec, *, whole: bool) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """RGB pictures and their times in seconds."""
    centre = FACE_CENTRE if spec.kind is SourceKind.SAMPLE else 0.5
    source = open_source(spec)
    source.open()
    try:
        while (frame := source.read()) is not None:
            image = frame.image
            height, width = image.shape[:2]
            if not whole and width > height:
                left = round(min(max(centre * width - height / 2, 0), width - height))
                image = image[:, left : left + height]
            yield np.ascontiguousarray(image[:, :, ::-1]), frame.media_time
    finally:
        source.close()


def _report(
    pairs: Sequence[tuple[FaceLandmarks, FaceLandmarks]],
    took: Sequence[tuple[float, float]],
    lost: int,
) -> None:
    apart = np.array([(a.points - b.points) / size_of(b.box) for a, b in pairs])
    place = np.linalg.norm(apart[:, :, :2], axis=2)
    poses = [
        [(p.yaw, p.pitch, p.roll) for p in (head_pose(a.transform), head_pose(b.transform))]
        for a, b in pairs
    ]
    rows = {
        "landmarks, mean of a frame, %": 100 * place.mean(axis=1),
        "landmarks, worst of a frame, %": 100 * place.max(axis=1),
        "depth, worst of a frame, %": 100 * np.abs(apart[:, :, 2]).max(axis=1),
        "blendshapes, worst of a frame": np.array(
            [np.abs(a.blendshapes - b.blendshapes).max() for a, b in pairs]
        ),
        "head pose, worst angle, degrees": np.abs(np.diff(poses, axis=1)).max(axis=(1, 2)),
    }
    write = sys.stdout.write
    write(f"{len(pairs)} frames, {lost} times lost where MediaPipe had a face\n")
    write(f"{'':32} median     p99     max\n")
    for name, values in rows.items():
        a, b, c = np.median(values), np.percentile(values, 99), values.max()
        write(f"{name:32} {a:6.3f}  {b:6.3f}  {c:6.3f}\n")
    steps = [
        np.linalg.norm(np.diff([pair[who].points for pair in pairs], axis=0), axis=2).mean()
        for who in (0, 1)
    ]
    write(f"mean step from frame to frame: {steps[0] / steps[1]:.3f} times MediaPipe's\n")
    theirs, ours = np.median(took, axis=0) * 1e3
    write(f"a frame takes {theirs:.1f} ms with MediaPipe, {ours:.1f} ms with the models\n")


if __name__ == "__main__":
    sys.exit(main())
