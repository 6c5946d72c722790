"""Make the built-in clip: one portrait whose expression is changed by moving its landmarks.

The same portrait gives the same clip. No face is generated: every frame is the portrait itself,
bent by a smooth field, except for the inside of the open mouth, which is painted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from expressions import (
    BROWS,
    CHEEKS,
    CREASES,
    JAW,
    LOWER_INNER,
    LOWER_LIDS,
    LOWER_OUTER,
    OVAL,
    PINNED,
    TIMELINE,
    UPPER_INNER,
    UPPER_LIDS,
    UPPER_OUTER,
    Expression,
)
from meshwarp import backward_maps, delaunay, polygon_mask, thin_plate
from numpy.typing import NDArray

from ferdesk.pictures import read_picture
from ferdesk.vision.landmarker import Landmarker

WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 25, 10.0
FRAME: Final = (WIDTH, HEIGHT)
FACE_WIDTH: Final = 212.0
"""Cheek to cheek in the clip, in pixels."""
FACE_PLACE: Final = (0.5, 0.545)
PADDING: Final = 96

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """What one expression does to the portrait: all of it may be mixed linearly."""

    offsets: Array
    """(V, 2) of the mesh vertices, portrait pixels."""
    frown: float
    relaxed: float
    gap: float


class Puppet:
    """The portrait, its mesh, and how to draw it with other landmarks."""

    def __init__(self, portrait: NDArray[np.uint8], points: Array) -> None:
        """`portrait` (H, W, 3) uint8 BGR, `points` (478, 2) its landmarks in pixels."""
        blurred = cv2.GaussianBlur(
            cv2.copyMakeBorder(
                portrait, PADDING, PADDING, PADDING, PADDING, cv2.BORDER_REFLECT_101
            ),
            (0, 0),
            6,
        )
        blurred[PADDING:-PADDING, PADDING:-PADDING] = portrait
        self.picture = blurred
        self.points = points + PADDING
        self.mouth = [*UPPER_INNER, *LOWER_INNER[-2:0:-1]]
        across = self.points[263] - self.points[33]
        self.unit = float(np.hypot(*across))
        self.axes = np.array([across, (-across[1], across[0])]) / self.unit
        self.vertices = self._vertices()
        self.triangles = delaunay(self.vertices, self.picture.shape[1::-1])
        self.skin = self._without_teeth()
        self.relaxed = self._without_folds()
        self.frown = self._frown_shade()

    def layer(self, expression: Expression) -> Layer:
        """Spread an expression's few movements over the whole mesh (a thin-plate spline)."""
        moved = self._movements(expression)
        height, width = self.picture.shape[:2]
        fixed = [
            (x, y)
            for x in np.linspace(0, width - 1, 7)
            for y in np.linspace(0, height - 1, 7)
            if x in (0, width - 1) or y in (0, height - 1)
        ]
        # A ring round the head keeps hair and collar where they are.
        centre = self.points[list(OVAL)].mean(axis=0)
        ring = [
            centre + self.unit * np.array((1.45 * np.cos(a), 1.75 * np.sin(a) + 0.25))
            for a in np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ]
        anchors = np.array([*(self.points[i] for i in moved), *ring, *fixed])
        offsets = np.zeros_like(anchors)
        offsets[: len(moved)] = self.unit * np.array(list(moved.values())) @ self.axes
        return Layer(
            offsets=thin_plate(anchors, offsets, self.vertices),
            frown=expression.frown,
            relaxed=expression.relaxed,
            gap=expression.gap,
        )

    def smile(self) -> Layer:
        """The portrait as it is."""
        return Layer(np.zeros_like(self.vertices), 0.0, 0.0, 0.0)

    def draw(self, first: Layer, second: Layer, share: float, place: Array) -> NDArray[np.uint8]:
        """One frame, `share` of the way between two layers; `place` (2, 3): portrait to frame."""

        def mix(a: float, b: float) -> float:
            return a + share * (b - a)

        vertices = self.vertices + first.offsets + share * (second.offsets - first.offsets)
        target = vertices @ place[:, :2].T + place[:, 2]
        relaxed = mix(first.relaxed, second.relaxed)
        frown = 1 - mix(first.frown, second.frown) * self.frown[:, :, None]
        base = (self.skin + relaxed * (self.relaxed - self.skin)) * frown
        maps = backward_maps(self.vertices, target, self.triangles, FRAME)
        face = np.asarray(cv2.remap(base, *maps, cv2.INTER_CUBIC), np.float32)
        frame = self._with_mouth(face, target, place, mix(first.gap, second.gap))
        return np.clip(np.rint(frame), 0, 255).astype(np.uint8)

    def _movements(self, e: Expression) -> dict[int, tuple[float, float]]:
        """Landmark -> its way (right, down) along the axes of the face."""
        moves = dict.fromkeys((*PINNED, *OVAL), (0.0, 0.0))
        for side, (brow, upper, lower, crease) in enumerate(
            zip(BROWS, UPPER_LIDS, LOWER_LIDS, CREASES, strict=True)
        ):
            outwards = -1.0 if side == 0 else 1.0
            stops = (e.outer_brow, e.middle_brow, e.inner_brow)
            for k, index in enumerate(brow):
                along = (k % 5) / 4  # 0 at the temple, 1 at the nose
                down = float(np.interp(along, (0, 0.45, 1), stops))
                moves[index] = (outwards * e.brows_apart * along, down)
            for lid, way in ((upper, e.upper_lid), (lower, e.lower_lid)):
                for k, index in enumerate(lid):
                    moves[index] = (0.0, way * np.sin(np.pi * (k + 1) / 8) ** 0.7)
            for k, index in enumerate(crease):
                way = 0.6 * e.upper_lid + 0.35 * e.middle_brow
                moves[index] = (0.0, way * np.sin(np.pi * (k + 1) / 8))
        for index, share in JAW.items():
            moves[index] = (0.0, e.jaw * share)
        for index in CHEEKS:
            moves[index] = (0.0, e.cheeks)
        return moves | self._mouth_movements(e)

    def _mouth_movements(self, e: Expression) -> dict[int, tuple[float, float]]:
        middle = (self.points[61] + self.points[291]) / 2
        local = (self.points - middle) @ self.axes.T / self.unit
        teeth_top = local[13, 1]
        moves = {}
        for ring, below, lip in (
            (UPPER_INNER, False, 0.0),
            (LOWER_INNER, True, 0.0),
            (UPPER_OUTER, False, e.upper_lip),
            (LOWER_OUTER, True, e.lower_lip),
        ):
            half_width = float(np.ptp(local[list(ring), 0])) / 2
            outer = ring in (UPPER_OUTER, LOWER_OUTER)
            for index in ring:
                s = float(np.clip((local[index, 0] - local[13, 0]) / half_width, -1, 1))
                half = e.mouth_width / 2 * (1.0 if outer else 0.93)
                arch = max(0.0, 1 - s * s)
                # The opening grows downwards: the upper lip is held by the skull.
                y = teeth_top + e.mouth_place + e.corners * s * s + e.gap * 0.4 * s * s
                if below:
                    y += e.gap * arch**0.8 + lip * arch**0.7
                else:
                    bow = 1 - 0.16 * np.exp(-((s / 0.14) ** 2))
                    y -= e.gap * 0.06 * arch + lip * arch**0.75 * bow
                x = local[13, 0] + half * np.sign(s) * abs(s)
                moves[index] = (x - local[index, 0], y - local[index, 1])
        return moves

    def _with_mouth(
        self, face: NDArray[np.float32], target: Array, place: Array, gap: float
    ) -> NDArray[np.float32]:
        """Lay the inside of the mouth between the lips: darkness, tongue and the own teeth."""
        ring = target[self.mouth]
        opening = polygon_mask(ring, 0.8, FRAME)
        scale = self.unit * float(np.hypot(*place[:, 0]))
        top, bottom = ring[:, 1].min(), ring[:, 1].max()
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        depth = np.clip((y - top) / max(bottom - top, 1.0), 0, 1)[:, :, None]
        inside = np.array((22, 18, 42)) + depth * np.array((14, 14, 34))
        centre = ring.mean(axis=0)
        tongue = np.exp(
            -(((x - centre[0]) / (0.15 * scale)) ** 2) - ((y - bottom) / (0.09 * scale)) ** 2
        )
        inside = inside + tongue[:, :, None] * np.array((42, 40, 78)) * min(1.0, gap / 0.2)
        # The teeth belong to the skull: they move with the head and never with the lips.
        teeth = cv2.warpAffine(self.picture, place, FRAME, flags=cv2.INTER_CUBIC)
        teeth_ring = self.points[self.mouth]
        visible = polygon_mask(teeth_ring @ place[:, :2].T + place[:, 2], 0.02 * scale, FRAME)
        shade = 1 - 0.35 * min(1.0, gap / 0.2)
        inside = inside + visible[:, :, None] * (teeth * shade - inside)
        return (face + opening[:, :, None] * (inside - face)).astype(np.float32)

    def _vertices(self) -> Array:
        height, width = self.picture.shape[:2]
        step = 7.0
        near = self.points[:468]
        grid = [
            (x, y)
            for y in np.arange(step, height - step, step)
            for x in np.arange(step, width - step, step)
            if np.hypot(*(near - (x, y)).T).min() > 0.6 * step
        ]
        edge = [
            (x, y)
            for x in np.linspace(0, width - 1, 13)
            for y in np.linspace(0, height - 1, 13)
            if x in (0, width - 1) or y in (0, height - 1)
        ]
        return np.array([*self.points, *grid, *edge])

    def _without_teeth(self) -> NDArray[np.float32]:
        """The portrait with the dark red of closed lips between them, for where they meet."""
        mask = np.zeros(self.picture.shape[:2], np.float32)
        ring = np.rint(self.points[self.mouth] * 16).astype(np.int32)
        cv2.fillPoly(mask, [ring], 1.0, cv2.LINE_AA, shift=4)
        cv2.polylines(mask, [ring], True, 0.6, 1, cv2.LINE_AA, shift=4)
        mask = cv2.GaussianBlur(mask, (0, 0), 0.6)[:, :, None]
        picture = self.picture.astype(np.float32)
        return picture + mask * (np.array((66, 62, 118), np.float32) - picture)

    def _without_folds(self) -> NDArray[np.float32]:
        """The same with the folds from the nose to the corners of the mouth smoothed."""
        mask = np.zeros(self.picture.shape[:2], np.float32)
        for fold in ((129, 203, 206, 216, 212), (358, 423, 426, 436, 432)):
            line = np.rint(self.points[list(fold)] * 16).astype(np.int32)
            cv2.polylines(mask, [line], False, 1.0, max(1, round(0.12 * self.unit)), shift=4)
        mask = 0.6 * cv2.GaussianBlur(mask, (0, 0), 0.05 * self.unit)[:, :, None]
        smooth = cv2.GaussianBlur(self.skin, (0, 0), 0.1 * self.unit)
        return self.skin + mask * (smooth - self.skin)

    def _frown_shade(self) -> NDArray[np.float32]:
        """0..1: two short furrows between the brows."""
        shade = np.zeros(self.picture.shape[:2], np.float32)
        for brow, inwards in ((107, 0.03), (336, -0.03)):
            start = self.points[brow] + self.unit * np.array((inwards, 0.03)) @ self.axes
            end = start + self.unit * np.array((inwards * 0.3, 0.11)) @ self.axes
            line = np.rint(np.array([start, end]) * 16).astype(np.int32)
            cv2.polylines(shade, [line], False, 1.0, 1, cv2.LINE_AA, shift=4)
        shade = cv2.GaussianBlur(shade, (0, 0), 0.024 * self.unit)
        return 0.2 * shade / shade.max()


def _placement(puppet: Puppet, seconds: float) -> Array:
    """(2, 3) portrait to frame: the head sways, and is at the end where it began."""
    turn = 2 * np.pi * seconds / SECONDS
    face = puppet.points[:468]
    scale = FACE_WIDTH / float(np.ptp(face[:, 0])) * (1 + 0.04 * np.sin(2 * turn + 1.0))
    angle = np.radians(4.0 * np.sin(turn))
    centre = (face.min(axis=0) + face.max(axis=0)) / 2
    place = np.array(FACE_PLACE) * (WIDTH, HEIGHT)
    place += np.array((14 * np.sin(turn + 0.6), 5 * np.sin(2 * turn)))
    linear = scale * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return np.column_stack((linear, place - linear @ centre))


def render(
    portrait: NDArray[np.uint8], numbers: Iterable[int] = range(round(SECONDS * FPS))
) -> list[NDArray[np.uint8]]:
    """The frames with these numbers, (HEIGHT, WIDTH, 3) uint8 BGR each."""
    # Landmarks are finer on a larger face.
    large = cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    with Landmarker(mode="image", max_faces=2) as landmarker:
        faces = landmarker.detect(np.asarray(large[:, :, ::-1], np.uint8))
    if len(faces) != 1:
        raise SystemExit(f"The portrait must show exactly one face, found {len(faces)}.")
    puppet = Puppet(portrait, faces[0].points[:, :2].astype(np.float64) / 2)
    layers = [puppet.layer(e) if e else puppet.smile() for _, e in TIMELINE]
    times = [t for t, _ in TIMELINE]
    frames = []
    for index in numbers:
        seconds = index / FPS
        k = min(int(np.searchsorted(times, seconds, side="right")) - 1, len(times) - 2)
        share = (seconds - times[k]) / (times[k + 1] - times[k])
        eased = share * share * (3 - 2 * share)
        frames.append(puppet.draw(layers[k], layers[k + 1], eased, _placement(puppet, seconds)))
    return frames


def main() -> None:
    """Command line."""
    assets = Path(__file__).resolve().parent.parent / "assets"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portrait", type=Path, default=assets / "portrait.png")
    parser.add_argument("--out", type=Path, default=assets / "sample.mp4")
    arguments = parser.parse_args()
    frames = render(read_picture(arguments.portrait))
    writer = cv2.VideoWriter(
        str(arguments.out), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT)
    )
    if not writer.isOpened():
        raise SystemExit(f"Cannot write '{arguments.out}'.")
    for frame in frames:
        writer.write(frame)
    writer.release()
    size = arguments.out.stat().st_size
    sys.stdout.write(f"{arguments.out}: {len(frames)} frames, {size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
