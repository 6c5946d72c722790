"""Bending a picture by moving points of it: a triangle mesh under a smooth field."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def delaunay(vertices: Array, size: tuple[int, int]) -> NDArray[np.int64]:
    """(T, 3) vertex indices."""
    subdivision = cv2.Subdiv2D((-1, -1, size[0] + 2, size[1] + 2))
    number: dict[tuple[float, float], int] = {}
    for index, (x, y) in enumerate(vertices.astype(np.float32)):
        subdivision.insert((float(x), float(y)))
        number[float(x), float(y)] = index
    corners = np.asarray(subdivision.getTriangleList()).reshape(-1, 3, 2)
    triangles = [
        [number[float(x), float(y)] for x, y in triangle]
        for triangle in corners
        if all((float(x), float(y)) in number for x, y in triangle)
    ]
    return np.array(triangles)


def thin_plate(anchors: Array, offsets: Array, at: Array) -> Array:
    """Interpolate `offsets` of `anchors` smoothly at other points."""
    scale = float(np.abs(anchors).max())

    def kernel(first: Array, second: Array) -> Array:
        square = ((first[:, None] - second[None]) ** 2).sum(axis=2) / scale**2
        return np.asarray(square * np.log(np.maximum(square, 1e-300)))

    count = len(anchors)
    plane = np.column_stack((np.ones(count), anchors / scale))
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = kernel(anchors, anchors) + 1e-6 * np.eye(count)
    system[:count, count:], system[count:, :count] = plane, plane.T
    weights = np.linalg.solve(system, np.vstack((offsets, np.zeros((3, 2)))))
    further = np.column_stack((np.ones(len(at)), at / scale))
    return kernel(at, anchors) @ weights[:count] + further @ weights[count:]


def backward_maps(
    source: Array, target: Array, triangles: NDArray[np.int64], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For every pixel of the frame its place in the portrait, triangle by triangle.

    `source` and `target` are (V, 2), `triangles` (T, 3), `size` width and height of the frame.
    """
    width, height = size
    which = np.zeros((height, width), np.int32)
    corners = np.rint(target[triangles] * 16).astype(np.int32)
    for index, triangle in enumerate(corners):
        outside = (triangle.max(axis=0) < 0) | (triangle.min(axis=0) > np.multiply(size, 16))
        if not outside.any():
            cv2.fillConvexPoly(which, triangle, index, shift=4)
    homogeneous = np.concatenate((target[triangles], np.ones((len(triangles), 3, 1))), axis=2)
    area = np.abs(np.linalg.det(homogeneous))
    homogeneous[area < 1e-6] = np.eye(3)
    affine = np.linalg.solve(homogeneous, source[triangles])[which]
    # At the rim of a needle-like triangle the line through its corners would lead far away.
    low, high = (
        source[triangles].min(axis=1)[which] - 0.5,
        source[triangles].max(axis=1)[which] + 0.5,
    )
    y, x = np.mgrid[0:height, 0:width]
    place = affine[:, :, 0] * x[:, :, None] + affine[:, :, 1] * y[:, :, None] + affine[:, :, 2]
    place = np.clip(place, low, high)
    return place[:, :, 0].astype(np.float32), place[:, :, 1].astype(np.float32)


def polygon_mask(ring: Array, blur: float, size: tuple[int, int]) -> NDArray[np.float32]:
    """(height, width) 0..1, antialiased; `ring` (N, 2) and `blur` in pixels."""
    width, height = size
    mask = np.zeros((height * 4, width * 4), np.uint8)
    corners = np.rint((ring * 4 + 1.5) * 16).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, shift=4)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), max(blur, 0.5))
    return np.asarray(blurred, np.float32)
