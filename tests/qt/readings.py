"""Readings that look like real ones: faces drawn by hand, answers of a network that never ran."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.calibration import Calibration
from ferdesk.model.checkpoint import Card
from ferdesk.model.config import LIVE, Preprocessing
from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.model.purified import Purified
from ferdesk.model.reliability import ReliabilityModel, RiskCoverage, RiskRow
from ferdesk.pipeline.types import FaceReading, Reading, Timings
from ferdesk.sources.base import Frame
from ferdesk.ui.paint.face_mesh import MESH
from ferdesk.ui.state.explanation import decidedness
from ferdesk.vision.types import FaceLandmarks, FaceQuality, HeadPose

Array = NDArray[np.float32]

_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_EYES = (
    (-0.19, (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)),
    (0.19, (362, 382, 381, 380, 374, 373, 390, 249, 263, 466, 388, 387, 386, 385, 384, 398)),
)
_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)  # fmt: skip
_IRISES = ((-0.19, (468, 469, 470, 471, 472)), (0.19, (473, 474, 475, 476, 477)))


@cache
def face_points() -> Array:
    """(478, 2) in a unit square: outlines placed by hand, the rest relaxed between them."""
    points = np.full((478, 2), 0.5)
    fixed = np.zeros(478, bool)

    def place(indices: Sequence[int], centre: tuple[float, float], rx: float, ry: float) -> None:
        angles = np.linspace(np.pi, 3 * np.pi, len(indices), endpoint=False)[::-1]
        for index, angle in zip(indices, angles, strict=True):
            points[index] = centre[0] + rx * np.cos(angle), centre[1] + ry * np.sin(angle)
            fixed[index] = True

    place(_OVAL[9 * 3 :] + _OVAL[: 9 * 3], (0.5, 0.5), 0.40, 0.5)
    for x, eye in _EYES:
        place(eye, (0.5 + x, 0.40), 0.075, 0.03)
    place(_LIPS, (0.5, 0.76), 0.14, 0.05)
    for x, iris in _IRISES:
        place(iris, (0.5 + x, 0.40), 0.022, 0.022)
    for index, at in {1: (0.5, 0.58), 4: (0.5, 0.57), 168: (0.5, 0.40)}.items():
        points[index], fixed[index] = at, True
    degree = np.bincount(MESH.ravel(), minlength=478).clip(1)[:, None]
    for _ in range(300):
        total = np.zeros_like(points)
        np.add.at(total, MESH[:, 0], points[MESH[:, 1]])
        np.add.at(total, MESH[:, 1], points[MESH[:, 0]])
        points[~fixed] = (total / degree)[~fixed]
    return points.astype(np.float32)


@cache
def picture(width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """(H, W, 3) BGR: a soft gradient."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    blue = 120 + 60 * np.sin(x / width * 3)
    green = 110 + 50 * y / height
    red = 90 + 60 * np.cos(y / height * 2)
    return np.ascontiguousarray(np.stack([blue, green, red], axis=-1).astype(np.uint8))


def softmax(logits: NDArray[np.floating]) -> Array:
    """Over the last axis."""
    e = np.exp(logits - logits.max())
    return (e / e.sum()).astype(np.float32)


def purified(p: Array, t_g: Array, t_a: Array) -> Purified[Array]:
    """The answer of the network when its three views are these."""

    def number(value: float) -> Array:
        return np.array(value, np.float32)

    c_p, c_g, c_a = (decidedness(q) for q in (p, t_g, t_a))
    t = ((c_g * t_g + c_a * t_a) / (c_g + c_a + 1e-9)).astype(np.float32)
    c_t = decidedness(t)
    final = ((c_p * p + c_t * t) / (c_p + c_t + 1e-9)).astype(np.float32)
    return Purified(
        logits=np.log(p + 1e-9), p=p, t_g=t_g, t_a=t_a, t=t, final=final,
        p_lm=np.full_like(p, 1 / len(p)),
        c_p=number(c_p), c_g=number(c_g), c_a=number(c_a), c_t=number(c_t), c_lm=number(0.0),
        novelty=number(0.0), embedding=np.zeros(128, np.float32),
    )  # fmt: skip


def peaked(index: int, share: float = 0.8) -> Array:
    """A distribution with `share` on one expression."""
    q = np.full(NUM_EXPRESSIONS, (1 - share) / (NUM_EXPRESSIONS - 1), np.float32)
    q[index] = share
    return q


def make_face(
    face_id: int = 1,
    *,
    centre: tuple[float, float] = (320.0, 240.0),
    size: float = 220.0,
    answer: Purified[Array] | None = None,
    probabilities: Array | None = None,
    points: Array | None = None,
    pose: HeadPose | None = None,
    reliability: float | None = None,
    reason: str = "",
    prediction_set: tuple[str, ...] = (),
) -> FaceReading:
    """One face; by default a happy one in the middle of 640x480, of a plain checkpoint."""
    answer = answer or purified(peaked(1), peaked(1, 0.6), peaked(1, 0.5))
    if points is None:
        flat = (face_points() - 0.5) * size + np.array(centre)
        points = np.concatenate([flat, np.zeros((478, 1))], axis=1).astype(np.float32)
    return FaceReading(
        face_id=face_id,
        landmarks=FaceLandmarks(points, np.eye(4, dtype=np.float32), np.zeros(52, np.float32)),
        pose=pose or HeadPose(12.0, -4.0, 3.0),
        quality=FaceQuality(size * 0.4, 0.3, 0.48, 0.2, 1.0),
        purified=answer,
        calibrated=answer.final,
        probabilities=answer.final if probabilities is None else probabilities,
        reliability=reliability,
        reason=reason,
        prediction_set=prediction_set,
    )


TABLE = RiskCoverage(
    (
        RiskRow(0.0, 1.0, 0.153),
        # As measured: a little beside the whole per cent.
        RiskRow(0.54, 0.8998, 0.105),
        RiskRow(0.69, 0.8003, 0.078),
        RiskRow(0.85, 0.5998, 0.040),
        RiskRow(0.97, 0.2999, 0.0),
        RiskRow(0.99, 0.10, 0.0),
    )
)


def make_card(table: RiskCoverage | None = TABLE) -> Card:
    """The card of a checkpoint that knows its own mistakes; of an old one without a table."""
    return Card(
        name="live-1",
        architecture=LIVE,
        preprocessing=Preprocessing(),
        calibration=Calibration(1.0, 0.2) if table else None,
        reliability=ReliabilityModel(2.0, ()) if table else None,
        risk_coverage=table,
    )


def make_reading(
    faces: tuple[FaceReading, ...] | None = None,
    *,
    index: int = 0,
    captured_at: float | None = None,
    image: NDArray[np.uint8] | None = None,
) -> Reading:
    """An analysed frame, captured 40 ms ago."""
    at = time.perf_counter() - 0.04 if captured_at is None else captured_at
    frame = Frame(picture() if image is None else image, index, index / 30, at)
    return Reading(
        frame,
        (make_face(),) if faces is None else faces,
        Timings(3.0, 2.0, 16.0, 1.5, 8.0),
        at + 0.035,
    )


class Wandering:
    """A script of readings whose expressions drift, for pictures of the window."""

    def __init__(self, faces: int = 1, seed: int = 4) -> None:
        self._rng = np.random.default_rng(seed)
        self._faces = faces
        self._logits = self._rng.normal(0, 1.5, (faces, 3, NUM_EXPRESSIONS))
        self._goal = self._logits.copy()
        self._smooth: list[Array | None] = [None] * faces

    def __call__(self, index: int, captured_at: float) -> Reading:
        rng = self._rng
        if index % 45 == 0:
            shared = rng.normal(0, 2.1, (self._faces, 1, NUM_EXPRESSIONS))
            self._goal = shared + rng.normal(0, 1.1, self._goal.shape)
        self._logits += 0.12 * (self._goal - self._logits)
        faces = []
        for i in range(self._faces):
            noisy = self._logits[i] + rng.normal(0, 0.12, (3, NUM_EXPRESSIONS))
            answer = purified(softmax(noisy[0]), softmax(0.8 * noisy[1]), softmax(0.7 * noisy[2]))
            before = self._smooth[i]
            smooth = answer.final if before is None else 0.8 * before + 0.2 * answer.final
            self._smooth[i] = smooth
            faces.append(self.face(i, index, answer, smooth))
        return make_reading(
            tuple(faces), index=index, captured_at=captured_at, image=self.image(index)
        )

    def image(self, _index: int) -> NDArray[np.uint8]:
        """The picture of that frame."""
        return picture()

    def face(self, i: int, index: int, answer: Purified[Array], smooth: Array) -> FaceReading:
        """One face of that frame."""
        sway = 12 * np.sin(index / 20 + i)
        centre = (640 * (i + 1) / (self._faces + 1) + sway, 250.0)
        size = 300.0 / self._faces**0.5
        pose = HeadPose(float(sway), 3.0, float(sway) / 4)
        return make_face(
            i + 1, centre=centre, size=size, answer=answer, probabilities=smooth, pose=pose
        )
