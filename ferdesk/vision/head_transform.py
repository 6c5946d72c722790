"""From landmarks to where the head is and how it is turned, as MediaPipe counts it.

Source: `geometry_pipeline.cc` and `procrustes_solver.cc` of MediaPipe's face geometry, with the
camera that its face landmarker assumes. Canonical face and weights are those of the model file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.vision.task import read_part

_METADATA: Final = "geometry_pipeline_metadata_landmarks.binarypb"
_FIELD_OF_VIEW: Final = math.radians(63.0)
"""Vertical angle of the assumed camera; its picture plane lies 1 cm in front of it."""
_MESH: Final = slice(0, 468)
"""The landmarks without the irises."""


def head_transforms(points: NDArray[np.floating], height: int, width: int) -> NDArray[np.float32]:
    """(N, 4, 4) facial transformations of N faces: canonical face in cm -> camera.

    x right, y up, z back. `points` (N, 478, 3) in pixels of a picture of `height` and `width`,
    finite and not all in one place.
    """
    face = _canonical_face()
    scale = 2 * math.tan(_FIELD_OF_VIEW / 2) / height
    mean_depth = scale * points[:, _MESH, 2].mean(axis=1)[:, None]
    chosen = points[:, face.indices]
    x = scale * (chosen[..., 0] - width / 2)
    y = scale * (height / 2 - chosen[..., 1])
    z = scale * chosen[..., 2]
    # How large the face is in the picture tells how far away it is, at first without perspective.
    size = _size(_fitted(face, np.stack((x, y, -z), axis=-1)))
    depth = z - mean_depth + 1
    seen = np.stack((x * depth, y * depth, -depth), axis=-1)
    size = size * _size(_fitted(face, seen / size[:, None, None]))
    return _fitted(face, seen / size[:, None, None]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _CanonicalFace:
    indices: NDArray[np.intp]
    """(K,) the landmarks that count."""
    weights: NDArray[np.float64]
    """(K,) how much they do; the sum is 1."""
    centred: NDArray[np.float64]
    """(K, 3) where they lie, in cm, from their weighted mean."""
    centre: NDArray[np.float64]
    """(3,) that mean."""


def _fitted(face: _CanonicalFace, targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4, 4) similarities that bring the canonical face nearest to N times (K, 3) points.

    The weighted orthogonal Procrustes problem (Akca 2003), without reflection.
    """
    middle = np.einsum("k,nki->ni", face.weights, targets)
    design = np.einsum("k,nki,kj->nij", face.weights, targets, face.centred)
    left, strength, right = np.linalg.svd(design)
    sign = np.sign(np.linalg.det(left @ right))
    left[:, :, 2] *= sign[:, None]
    rotation = left @ right
    strength[:, 2] *= sign
    scale = strength.sum(axis=1) / float(face.weights @ (face.centred**2).sum(axis=1))
    out = np.zeros((len(targets), 4, 4))
    out[:, :3, :3] = scale[:, None, None] * rotation
    out[:, :3, 3] = middle - out[:, :3, :3] @ face.centre
    out[:, 3, 3] = 1
    return out


def _size(transforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) how many times larger than the canonical face."""
    return np.asarray(np.linalg.norm(transforms[:, :3, 0], axis=1))


@cache
def _canonical_face() -> _CanonicalFace:
    """From the model file's `GeometryPipelineMetadata`: 1 the mesh, 2 the weights of landmarks."""
    vertices = np.zeros((0, 3))
    weights: dict[int, float] = {}
    for field, content in _fields(read_part(_METADATA)):
        if field == 1:
            # Field 3 of the mesh: x, y, z in cm and two texture coordinates of every vertex.
            table = b"".join(part for number, part in _fields(content) if number == 3)
            vertices = np.frombuffer(table, "<f4").reshape(-1, 5)[:, :3].astype(np.float64)
        elif field == 2:
            entry = dict(_fields(content))
            index = int.from_bytes(entry.get(1, b"\0"), "little")
            weights[index] = float(np.frombuffer(entry[2], "<f4")[0])
    indices = np.array(sorted(weights))
    shares = np.array([weights[i] for i in indices])
    shares /= shares.sum()
    centre = shares @ vertices[indices]
    return _CanonicalFace(indices, shares, vertices[indices] - centre, centre)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of the fields of a protocol buffer; whole numbers as 8 bytes."""
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(message):
        field, kind = divmod(number(), 8)
        if kind == 0:
            yield field, number().to_bytes(8, "little")
            continue
        length = number() if kind == 2 else {1: 8, 5: 4}[kind]
        yield field, message[place : place + length]
        place += length
